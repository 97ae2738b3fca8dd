"""Voice design by ElevenLabs: previews from a description, of which one is saved as a voice."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fakes.elevenlabs import FakeElevenLabs
from fakes.elevenlabs.media import content
from fakes.engines import continue_edit, generate, running_engine
from mediasmith.plugin.contract import Output
from mediasmith.plugin.errors import InvalidRequest, ProviderError, StateGone
from mediasmith.plugin.media import sniff
from mediasmith.testing import AdapterHarness
from mediasmith_backends.elevenlabs import backend
from mediasmith_backends.elevenlabs.voice_design import DesignState, Preview, SavedVoice, voice_design
from mediasmith_backends.elevenlabs.voices import voice_names

CAPABILITY = voice_design

DESIGN, SAVE = "POST /v1/text-to-voice/design", "POST /v1/text-to-voice"
FETCH = "GET /v1/text-to-voice/{generated_voice_id}/stream"
PIRATE = "An old pirate with a voice of gravel."
SPEECH = "I have seen things that you people would not believe, and sailed where no map has ever been drawn, my friend."
GONE = DesignState(Preview(generated_voice="gone", description=PIRATE))


async def design(adapter: AdapterHarness) -> list[Output]:
    return list((await adapter.generate(prompt=PIRATE)).outputs)


async def test_a_description_gives_three_previews(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    result = await adapter.generate(prompt=PIRATE)
    assert fake.bodies(DESIGN) == [
        {"voice_description": PIRATE, "model_id": "eleven_ttv_v3", "auto_generate_text": True}
    ]
    ids = result.details["generated_voice_ids"]
    assert isinstance(ids, list)
    assert [output.state for output in result.outputs] == [
        DesignState(Preview(generated_voice=str(name), description=PIRATE)) for name in ids
    ]
    assert len(set(ids)) == 3
    assert {(output.mime, sniff(content(output))) for output in result.outputs} == {("audio/mpeg", "audio/mpeg")}
    assert len({content(output) for output in result.outputs}) == 3
    assert fake.paid() == 1


async def test_all_parameters_are_sent(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    params: Mapping[str, Any] = {"seed": 7, "guidance_scale": 20, "loudness": -0.5, "enhance": True}
    await adapter.generate(prompt=PIRATE, model=voice_design.models[1], text=SPEECH, **params)
    assert fake.bodies(DESIGN) == [
        {
            "voice_description": PIRATE,
            "model_id": "eleven_multilingual_ttv_v2",
            "text": SPEECH,
            "seed": 7,
            "guidance_scale": 20,
            "loudness": -0.5,
            "should_enhance": True,
        }
    ]


@pytest.mark.parametrize(("length", "refused"), [(19, True), (20, False), (1000, False), (1001, True)])
async def test_the_length_of_a_description_is_checked(adapter: AdapterHarness, length: int, *, refused: bool) -> None:
    reason = voice_design.refuses(adapter.call(prompt="x" * length))
    assert (f"not {length:,}" in reason) is refused


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"previews": []},
        {"previews": [{"audio_base_64": "#", "generated_voice_id": "v"}]},
        {"previews": [{"audio_base_64": "", "generated_voice_id": "v"}]},
        {"previews": [{"audio_base_64": "QUJD"}]},
        [],
    ],
    ids=str,
)
async def test_an_answer_without_previews_cannot_be_read(
    fake: FakeElevenLabs, adapter: AdapterHarness, body: object
) -> None:
    fake.script(DESIGN, {"body": body})
    assert isinstance(await adapter.failure_of(prompt=PIRATE), ProviderError)


# Saving


async def test_a_continued_preview_becomes_a_voice(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    second = (await design(adapter))[1]
    assert isinstance(second.state, DesignState)
    assert isinstance(second.state.root, Preview)
    result = await adapter.generate(prompt="Captain Rust", state=second.state)
    [output] = result.outputs
    assert content(output) == content(second)
    assert fake.bodies(SAVE) == [
        {
            "voice_name": "Captain Rust",
            "voice_description": PIRATE,
            "generated_voice_id": second.state.root.generated_voice,
        }
    ]
    voice = (await voice_names(adapter.client))["Captain Rust"]
    assert result.details == {"voice_id": voice, "name": "Captain Rust"}
    assert output.state == DesignState(SavedVoice(voice_id=voice))


async def test_a_saved_voice_is_not_saved_again(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    state = DesignState(SavedVoice(voice_id="v" * 20))
    assert "v" * 20 in voice_design.refuses(adapter.call(prompt="Captain Gold", state=state))
    assert isinstance(await adapter.failure_of(prompt="Captain Gold", state=state), StateGone)
    assert fake.counts() == {}


async def test_the_options_of_a_design_are_not_inherited(fake: FakeElevenLabs, tmp_path: Path) -> None:
    async with running_engine(tmp_path, backend, env=fake.env()) as engine:
        options = {"loudness": 0, "guidance_scale": 10, "enhance": True, "text": SPEECH}
        designed = await generate(engine, PIRATE, kind="voice_design", options=options)
        saved = await continue_edit(engine, designed.files[1].id, "Captain Rust")
    assert len(designed.files) == 3
    assert [file.mime for file in saved.files] == ["audio/mpeg"]
    assert not saved.warnings
    assert fake.bodies(SAVE)[0]["voice_name"] == "Captain Rust"


@pytest.mark.parametrize(
    ("prompt", "params", "refused"),
    [("x" * 101, {}, True), ("Captain Rust", {"seed": 1}, True), ("x" * 100, {}, False)],
    ids=["long name", "option", "name"],
)
async def test_a_voice_is_saved_as_it_is_under_a_short_name(
    adapter: AdapterHarness, prompt: str, params: Mapping[str, Any], *, refused: bool
) -> None:
    assert bool(voice_design.refuses(adapter.call(prompt=prompt, state=GONE, **params))) is refused


async def test_a_preview_is_saved_once(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    state = (await design(adapter))[0].state
    await adapter.generate(prompt="Captain Rust", state=state)
    error = await adapter.failure_of(prompt="Captain Gold", state=state)
    assert isinstance(error, InvalidRequest)
    assert error.billed == "no"
    assert "within minutes" in error.hint, "the list may be older than the voice"
    assert "Captain Gold" not in await voice_names(adapter.client)
    assert fake.counts()[SAVE] == 2


async def test_a_preview_that_is_gone_costs_nothing(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    error = await adapter.failure_of(prompt="Captain Rust", state=GONE)
    assert isinstance(error, StateGone)
    assert error.billed == "no"
    assert fake.counts() == {FETCH: 1}


async def test_no_voice_is_saved_when_its_audio_cannot_be_fetched(
    fake: FakeElevenLabs, adapter: AdapterHarness
) -> None:
    state = (await design(adapter))[0].state
    fake.script(FETCH, {"reset": True})
    error = await adapter.failure_of(prompt="Captain Rust", state=state)
    assert error.billed == "no"
    assert SAVE not in fake.counts()


async def test_a_lost_answer_may_have_saved_the_voice(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    state = (await design(adapter))[0].state
    fake.script(SAVE, {"status": 500, "body": {}, "times": 3})
    error = await adapter.failure_of(prompt="Captain Rust", state=state)
    assert error.billed is None
    assert fake.counts()[SAVE] == 1
