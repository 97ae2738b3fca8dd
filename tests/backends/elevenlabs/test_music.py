"""Music by ElevenLabs: planned for nothing, composed once, and continued as far as the account allows."""

from __future__ import annotations

import io
import wave
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from fakes.elevenlabs import FakeElevenLabs
from fakes.elevenlabs.errors import scripted
from fakes.elevenlabs.media import audio_of, warnings_with
from fakes.engines import continue_edit, generate, running_engine
from mediasmith.plugin.errors import (
    InvalidRequest,
    MediaError,
    NotPermitted,
    ProviderError,
    RateLimited,
    Refused,
    TimedOut,
)
from mediasmith.plugin.media import sniff
from mediasmith.testing import AdapterHarness
from mediasmith_backends.elevenlabs import backend
from mediasmith_backends.elevenlabs.music import MusicState, music

CAPABILITY = music

PLAN, COMPOSE = "POST /v1/music/plan", "POST /v1/music"
PLANNED: Mapping[str, Any] = {
    "chunks": [
        {"text": "[Verse]\nHome again", "duration_ms": 4000, "positive_styles": ["folk"]},
        {"text": "[Chorus]\nAnd again", "duration_ms": 3000, "positive_styles": ["folk", "louder"]},
    ]
}
PART: Mapping[str, Any] = {"text": "", "duration_ms": 3000, "positive_styles": []}
EXCERPT: Mapping[str, Any] = {"song_id": "gone", "range": {"start_ms": 0, "end_ms": 3000}}
SEA = "a song of the sea"


async def compose(adapter: AdapterHarness, prompt: str = SEA, **given: Any) -> MusicState:
    """Compose a song, and return its state."""
    assert not music.refuses(adapter.call(prompt=prompt, **given))
    [output] = (await adapter.generate(prompt=prompt, **given)).outputs
    assert isinstance(output.state, MusicState)
    return output.state


def plan_of(state: MusicState) -> Mapping[str, Any]:
    return state.plan.model_dump(mode="json", exclude_none=True)


async def test_a_song_is_planned_for_nothing_and_composed_from_its_plan(
    fake: FakeElevenLabs, adapter: AdapterHarness
) -> None:
    result = await adapter.generate(prompt=SEA, duration=60, seed=7)
    [planning], [composing] = fake.bodies(PLAN), fake.bodies(COMPOSE)
    assert planning == {"prompt": SEA, "music_length_ms": 60_000, "model_id": "music_v2_5"}
    assert sum(chunk["duration_ms"] for chunk in composing["composition_plan"]["chunks"]) == 60_000
    assert {name: value for name, value in composing.items() if name != "composition_plan"} == {
        "model_id": "music_v2_5",
        "seed": 7,
        "store_for_inpainting": True,
    }
    [output] = result.outputs
    assert output.mime == sniff(audio_of(result)) == "audio/mpeg"
    assert isinstance(output.state, MusicState)
    assert plan_of(output.state) == composing["composition_plan"]
    assert result.details["song_id"] == output.state.song
    assert result.details["characters"] == 12 * 60
    assert result.details["request_id"]
    assert fake.paid() == 1
    assert not adapter.warnings


async def test_only_given_parameters_are_sent(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    await compose(adapter)
    assert fake.bodies(PLAN) == [{"prompt": SEA, "model_id": "music_v2_5"}]
    assert "seed" not in fake.bodies(COMPOSE)[0]


async def test_a_plan_of_another_length_is_a_warning(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    fake.script(PLAN, {"body": PLANNED})
    await compose(adapter, duration=60)
    assert warnings_with(adapter.warnings, "7 seconds instead of a duration of 60")


async def test_bare_samples_become_a_stereo_file(adapter: AdapterHarness) -> None:
    result = await adapter.generate(prompt=SEA, duration=3, output_format="wav", sample_rate=24_000)
    with wave.open(io.BytesIO(audio_of(result))) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (2, 24_000, 24_000)


async def test_an_instrumental_is_planned_and_composed_without_vocals(
    fake: FakeElevenLabs, adapter: AdapterHarness
) -> None:
    await compose(adapter, duration=6, instrumental=True)
    [planning], [composing] = fake.bodies(PLAN), fake.bodies(COMPOSE)
    assert "without vocals" in planning["prompt"]
    for chunk in composing["composition_plan"]["chunks"]:
        assert chunk["text"] == "[Part 1]"
        assert chunk["negative_styles"] == ["vocals"]


async def test_fields_of_a_plan_that_are_not_known_are_not_sent_back(
    fake: FakeElevenLabs, adapter: AdapterHarness
) -> None:
    fake.script(PLAN, {"body": {"plan_id": "p", "chunks": [{**PART, "mood": "sad", "negative_styles": None}]}})
    await compose(adapter)
    assert fake.bodies(COMPOSE)[0]["composition_plan"] == {"chunks": [{**PART, "negative_styles": []}]}


# A plan from the caller


async def test_a_given_plan_is_composed_as_it_is(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    state = await compose(adapter, "", composition_plan=PLANNED)
    assert fake.counts() == {COMPOSE: 1}
    [chunk, _] = fake.bodies(COMPOSE)[0]["composition_plan"]["chunks"]
    assert chunk == {**PLANNED["chunks"][0], "negative_styles": []}
    assert plan_of(state) == fake.bodies(COMPOSE)[0]["composition_plan"]
    assert not adapter.warnings


async def test_a_prompt_beside_a_plan_is_ignored_with_a_warning(adapter: AdapterHarness) -> None:
    await compose(adapter, "loudly", composition_plan=PLANNED)
    assert warnings_with(adapter.warnings, "prompt was ignored")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"prompt": " ", "instrumental": True}, "needs a prompt or a composition_plan"),
        ({"composition_plan": PLANNED, "duration": 30}, "duration"),
        ({"composition_plan": PLANNED, "instrumental": True}, "instrumental"),
        ({"sample_rate": 48_000, "bitrate": 96}, "sample_rate 48000"),
    ],
    ids=["nothing", "duration", "instrumental", "format"],
)
async def test_what_does_not_go_together_is_refused(
    adapter: AdapterHarness, given: Mapping[str, Any], reason: str
) -> None:
    assert reason in music.refuses(adapter.call(**given))


async def test_a_plan_does_not_continue_a_song(adapter: AdapterHarness) -> None:
    state = MusicState.model_validate({"song": None, "plan": PLANNED})
    assert "composition_plan" in music.refuses(adapter.call(state=state, composition_plan=PLANNED))


def test_an_invalid_plan_names_its_parameter() -> None:
    with pytest.raises(ValidationError, match="composition_plan"):
        music.params.model_validate({"composition_plan": {"sections": []}})


# Continuations


async def test_the_parts_that_did_not_change_are_taken_from_the_song(
    fake: FakeElevenLabs, adapter: AdapterHarness
) -> None:
    first = await compose(adapter, duration=60)
    second = await compose(adapter, "with a drum", state=first, duration=60)
    planning, composing = fake.bodies(PLAN)[1], fake.bodies(COMPOSE)[1]
    assert planning["source_composition_plan"] == plan_of(first)
    reused, new = composing["composition_plan"]["chunks"]
    assert reused == {"song_id": first.song, "range": {"start_ms": 0, "end_ms": 30_000}}
    assert new["positive_styles"] == ["with a drum"]
    assert not adapter.warnings
    # The new song is continued like this one: by what is played in it, not by where that came from.
    assert second.plan.chunks[0] == first.plan.chunks[0]
    assert second.song not in (None, first.song)
    assert fake.paid() == 2


async def test_two_songs_can_continue_one(adapter: AdapterHarness) -> None:
    first = await compose(adapter, duration=60)
    songs = {(await compose(adapter, prompt, state=first)).song for prompt in ("with a drum", "with a flute")}
    assert len(songs) == 2


async def test_an_account_that_stores_no_songs_continues_from_the_plan(
    fake: FakeElevenLabs, adapter: AdapterHarness
) -> None:
    fake.settings(inpainting=False)
    first = await compose(adapter, duration=60)
    assert first.song is None
    assert not adapter.warnings
    await compose(adapter, "with a drum", state=first)
    assert [body.get("store_for_inpainting", False) for body in fake.bodies(COMPOSE)] == [True, False, True, False]
    chunks = fake.bodies(COMPOSE)[-1]["composition_plan"]["chunks"]
    assert [chunk["positive_styles"] for chunk in chunks] == [[SEA], ["with a drum"]]
    assert warnings_with(adapter.warnings, "composed again from its plan")


async def test_a_song_that_is_gone_is_composed_again_from_its_plan(
    fake: FakeElevenLabs, adapter: AdapterHarness
) -> None:
    state = await compose(adapter, "with a drum", state=MusicState.model_validate({"song": "gone", "plan": PLANNED}))
    reusing, again = fake.bodies(COMPOSE)
    assert reusing["composition_plan"]["chunks"][0]["song_id"] == "gone"
    assert [chunk["duration_ms"] for chunk in again["composition_plan"]["chunks"]] == [4000, 3000]
    assert state.song
    assert warnings_with(adapter.warnings, "composed again from its plan")


async def test_a_song_of_a_plan_is_continued_by_a_prompt_in_the_same_format(
    fake: FakeElevenLabs, tmp_path: Path
) -> None:
    options = {"sample_rate": 8000, "composition_plan": PLANNED}
    async with running_engine(tmp_path, backend, env=fake.env()) as engine:
        first = await generate(engine, "a song", kind="music", output_format="wav", options=options)
        second = await continue_edit(engine, first.continuation_id, "with a drum")
    assert [file.mime for file in second.files] == ["audio/wav"]
    assert not second.warnings
    assert fake.counts() == {COMPOSE: 2, PLAN: 1}


# Failures


async def test_the_providers_suggestion_is_passed_on(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    error = await adapter.failure_of(prompt="a copyrighted song")
    assert isinstance(error, Refused)
    assert "a original song" in error.hint
    assert error.billed == "no"
    plan: Mapping[str, Any] = {"chunks": [{**PART, "positive_styles": ["copyrighted"]}]}
    assert "original" in (await adapter.failure_of(prompt="", composition_plan=plan)).hint
    assert fake.counts() == {PLAN: 1, COMPOSE: 1}


@pytest.mark.parametrize(
    ("route", "answer", "due"),
    [
        (PLAN, scripted(429, "rate_limit_exceeded"), (RateLimited, "no")),
        (PLAN, {"body": {"chunks": []}}, (ProviderError, "no")),
        (PLAN, {"body": []}, (ProviderError, "no")),
        (PLAN, {"reset": True}, (MediaError, "no")),
        (COMPOSE, {"reset": True}, (MediaError, None)),
        (COMPOSE, {"status": 500, "body": {}}, (ProviderError, None)),
        (COMPOSE, {"status": 400, "body": {}}, (InvalidRequest, "no")),
    ],
    ids=["rate limit", "empty plan", "list", "lost plan", "lost song", "broken", "bad request"],
)
async def test_a_failed_plan_costs_nothing_and_a_song_is_sent_once(
    fake: FakeElevenLabs,
    adapter: AdapterHarness,
    route: str,
    answer: Mapping[str, object],
    due: tuple[type[MediaError], str | None],
) -> None:
    fake.script(route, answer)
    error = await adapter.failure_of(duration=3)
    assert isinstance(error, due[0])
    assert error.billed == due[1]
    assert fake.paid() == (route == COMPOSE)


async def test_a_plan_that_never_comes_costs_nothing(
    fake: FakeElevenLabs, adapter: AdapterHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("mediasmith_backends.elevenlabs.music"), "_PLAN_SECONDS", 0.05)
    fake.script(PLAN, {"hang": True})
    error = await adapter.failure_of()
    assert isinstance(error, TimedOut)
    assert error.billed == "no"
    assert fake.paid() == 0


@pytest.mark.parametrize("options", [{}, {"composition_plan": PLANNED}], ids=["prompt", "plan"])
async def test_a_model_that_is_no_longer_a_valid_value_gives_way_to_the_next(
    fake: FakeElevenLabs, tmp_path: Path, options: Mapping[str, Any]
) -> None:
    fake.settings(unlisted=["music_v2_5"])
    async with running_engine(tmp_path, backend, env=fake.env()) as engine:
        song = await generate(engine, "" if options else "a song", kind="music", options=options)
    assert song.model == "music_v2"
    assert [body["model_id"] for body in fake.bodies(COMPOSE)][-1] == "music_v2"
    assert warnings_with(song.warnings, "music_v2_5")


@pytest.mark.parametrize("chunk", [EXCERPT, {**PART, "conditioning_ref": EXCERPT}], ids=["excerpt", "conditioned"])
async def test_a_plan_with_a_song_that_is_gone_is_sent_once(
    fake: FakeElevenLabs, adapter: AdapterHarness, chunk: Mapping[str, Any]
) -> None:
    error = await adapter.failure_of(prompt="", composition_plan={"chunks": [PART, chunk]})
    assert isinstance(error, InvalidRequest)
    assert "does not have this song" in error.message
    assert error.billed == "no"
    assert fake.counts() == {COMPOSE: 1}


async def test_an_account_without_music_says_so(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    fake.script(COMPOSE, {**scripted(403, "only_for_creator+"), "times": 2})
    assert isinstance(await adapter.failure_of(duration=3), NotPermitted)
