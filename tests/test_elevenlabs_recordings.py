"""Recordings changed and voices made by ElevenLabs: converted, isolated, designed, kept and cloned."""

from __future__ import annotations

import io
import json
import wave
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from fakes.elevenlabs import KEY, FakeElevenLabs, running
from fakes.elevenlabs.catalogue import GEORGE, HOUSE
from fakes.elevenlabs.errors import scripted
from fakes.elevenlabs.hearing import voices_in
from fakes.engines import edited, opened
from fakes.engines import made as generated
from fakes.trying import failure, made
from mediasmith.plugin.contract import JSON, Capability, Output, Request, Result
from mediasmith.plugin.errors import InvalidRequest, ProviderError, StateGone, Unsuitable
from mediasmith.plugin.files import Source
from mediasmith.plugin.kinds import Role
from mediasmith.plugin.media import sniff, wav
from mediasmith.testing import AdapterHarness, MemorySink, MemorySource, signed_in
from mediasmith_backends.elevenlabs import backend
from mediasmith_backends.elevenlabs.client import ElevenLabs
from mediasmith_backends.elevenlabs.cloning import voice_clone
from mediasmith_backends.elevenlabs.conversion import audio_isolation, voice_conversion
from mediasmith_backends.elevenlabs.design import voice_design
from mediasmith_backends.elevenlabs.voices import names

CONVERT, ISOLATE = "POST /v1/voice-changer/{voice_id}", "POST /v1/audio-isolation"
DESIGN, HEAR, KEEP = (
    "POST /v1/text-to-voice/design",
    "GET /v1/text-to-voice/{generated_voice_id}/stream",
    "POST /v1/text-to-voice",
)
CLONE, SPEAK = "POST /v1/voices/add", "POST /v1/text-to-speech/{voice_id}"
PIRATE = "An old pirate with a voice of gravel."
CHARLOTTE = next(voice for voice in HOUSE.values() if voice.name == "Charlotte")


class Recording(MemorySource):
    """Two seconds of silence; what was opened and is still open can be counted."""

    def __init__(self) -> None:
        super().__init__(mime="audio/wav")
        self.data = wav(bytes(2 * 2 * 8000), rate=8000)
        self.size = len(self.data)
        self.files: list[BinaryIO] = []

    def open(self) -> BinaryIO:
        self.files.append(io.BytesIO(self.data))
        return self.files[-1]


PROVIDER = running


@pytest.fixture
async def hands(fake: FakeElevenLabs) -> AsyncGenerator[AdapterHarness]:
    async with signed_in(backend, fake.url, KEY) as hands:
        yield hands


def ask(  # noqa: PLR0913 - all that can be asked
    hands: AdapterHarness,
    capability: Capability[ElevenLabs, Any],
    prompt: str = "",
    *,
    inputs: Mapping[Role, Sequence[Source]] | None = None,
    state: JSON = None,
    model: int = 0,
    **params: Any,
) -> Request[Any]:
    hands.capability = capability
    return Request(
        model=capability.models[model],
        prompt=prompt,
        params=capability.params.model_validate(params),
        inputs=inputs or {},
        state=state,
    )


async def done(hands: AdapterHarness, asked: Request[Any]) -> Result:
    refused = hands.capability.refuses(asked)
    assert not refused, refused
    return await made(hands, asked)


def sound(output: Output) -> bytes:
    body = output.body.data if isinstance(output.body, MemorySink) else output.body
    assert isinstance(body, bytes)
    return body


# Conversion and isolation


async def test_a_recording_is_spoken_by_another_voice(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    recording = Recording()
    asked = ask(
        hands, voice_conversion, inputs={"audio": [recording]}, voice="Charlotte", stability=0.5, style=0, seed=7
    )
    result = await done(hands, asked)
    [output] = result.outputs
    assert (output.mime, sniff(sound(output)), output.state) == ("audio/mpeg", "audio/mpeg", None)
    assert voices_in(sound(output)) == [CHARLOTTE.hertz]
    [body] = fake.bodies(CONVERT)
    settings = json.loads(body["fields"].pop("voice_settings"))
    assert settings == {"stability": 0.5, "style": 0.0}
    assert body["fields"] == {"model_id": "eleven_multilingual_sts_v2", "seed": "7"}
    assert [(file["field"], file["name"], file["mime"]) for file in body["files"]] == [
        ("audio", "sample.wav", "audio/wav")
    ]
    assert result.details == {
        "voice_id": CHARLOTTE.id,
        "request_id": result.details["request_id"],
        "characters": result.details["characters"],
    }
    assert not hands.warnings
    assert [file.closed for file in recording.files] == [True]


async def test_without_a_voice_it_is_the_usual_one(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    asked = ask(hands, voice_conversion, inputs={"audio": [Recording()]}, remove_background_noise=True)
    assert voices_in(sound((await done(hands, asked)).outputs[0])) == [GEORGE.hertz]
    [body] = fake.bodies(CONVERT)
    assert body["fields"] == {"model_id": "eleven_multilingual_sts_v2", "remove_background_noise": "true"}


async def test_a_conversion_comes_in_the_form_that_is_asked_for(hands: AdapterHarness) -> None:
    asked = ask(hands, voice_conversion, inputs={"audio": [Recording()]}, output_format="wav", sample_rate=16_000)
    [output] = (await done(hands, asked)).outputs
    with wave.open(io.BytesIO(sound(output))) as file:
        assert (file.getnchannels(), file.getframerate()) == (1, 16_000)
        assert file.getnframes() == pytest.approx(32_000, abs=200)
    assert "sample_rate" in voice_conversion.refuses(ask(hands, voice_conversion, sample_rate=8000))


async def test_a_voice_that_nobody_has_costs_nothing(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    error = await failure(hands, ask(hands, voice_conversion, inputs={"audio": [Recording()]}, voice="Charlxtte"))
    assert isinstance(error, Unsuitable)
    assert "Charlotte" in str(error)
    assert fake.paid() == 0


async def test_what_is_no_recording_is_told(hands: AdapterHarness) -> None:
    noise = Recording()
    noise.data = b"RIFF....WAVE" + bytes(100)
    error = await failure(hands, ask(hands, voice_conversion, inputs={"audio": [noise]}))
    assert isinstance(error, InvalidRequest)
    assert error.billed == "no"


@pytest.mark.parametrize("mime", ["audio/wav", "video/mp4"])
async def test_a_voice_is_freed_of_what_is_around_it(fake: FakeElevenLabs, hands: AdapterHarness, mime: str) -> None:
    asked = ask(hands, audio_isolation, inputs={"audio": [MemorySource(mime=mime)]})
    [output] = (await done(hands, asked)).outputs
    assert (output.mime, sniff(sound(output))) == ("audio/mpeg", "audio/mpeg")
    [body] = fake.bodies(ISOLATE)
    assert body["fields"] == {}
    assert [(file["field"], file["mime"]) for file in body["files"]] == [("audio", mime)]


@pytest.mark.parametrize("capability", [voice_conversion, audio_isolation], ids=["conversion", "isolation"])
async def test_a_prompt_beside_a_recording_is_left_out_aloud(
    hands: AdapterHarness, capability: Capability[ElevenLabs, Any]
) -> None:
    await done(hands, ask(hands, capability, "louder", inputs={"audio": [Recording()]}))
    assert [warning for warning in hands.warnings if "prompt was left out" in warning]


@pytest.mark.parametrize(
    ("capability", "request_name"), [(voice_conversion, CONVERT), (audio_isolation, ISOLATE), (voice_clone, CLONE)]
)
async def test_a_form_is_sent_once(
    fake: FakeElevenLabs, hands: AdapterHarness, capability: Capability[ElevenLabs, Any], request_name: str
) -> None:
    fake.script(request_name, {**scripted(500, "internal_error"), "times": 3})
    role: Role = "voice_sample" if capability is voice_clone else "audio"
    recording = Recording()
    error = await failure(hands, ask(hands, capability, inputs={role: [recording]}))
    assert isinstance(error, ProviderError)
    assert error.billed is None
    assert fake.paid() == 1
    assert [file.closed for file in recording.files] == [True]


# Design


async def test_a_description_gives_previews_to_choose_from(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    result = await done(hands, ask(hands, voice_design, PIRATE))
    assert fake.bodies(DESIGN) == [
        {"voice_description": PIRATE, "model_id": "eleven_ttv_v3", "auto_generate_text": True}
    ]
    states = [output.state for output in result.outputs]
    ids = result.details["generated_voice_ids"]
    assert isinstance(ids, list)
    assert states == [{"generated_voice": name, "description": PIRATE} for name in ids]
    assert len(set(ids)) == 3
    assert {(output.mime, sniff(sound(output))) for output in result.outputs} == {("audio/mpeg", "audio/mpeg")}
    assert len({voices_in(sound(output))[0] for output in result.outputs}) == 3
    assert fake.paid() == 1


async def test_the_wishes_for_a_voice_are_sent(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    text = (
        "I have seen things that you people would not believe, and sailed where no map has ever been drawn, my friend."
    )
    asked = ask(hands, voice_design, PIRATE, model=1, text=text, seed=7, guidance_scale=20, loudness=-0.5, enhance=True)
    await done(hands, asked)
    assert fake.bodies(DESIGN) == [
        {
            "voice_description": PIRATE,
            "model_id": "eleven_multilingual_ttv_v2",
            "text": text,
            "seed": 7,
            "guidance_scale": 20,
            "loudness": -0.5,
            "should_enhance": True,
        }
    ]


@pytest.mark.parametrize("length", [19, 1001])
async def test_a_description_is_of_some_length(length: int, hands: AdapterHarness) -> None:
    assert f"{length:,}" in voice_design.refuses(ask(hands, voice_design, "x" * length))
    assert not voice_design.refuses(ask(hands, voice_design, "x" * (20 if length < 20 else 1000)))


async def test_the_second_of_three_previews_becomes_a_voice(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    second = (await done(hands, ask(hands, voice_design, PIRATE))).outputs[1]
    result = await done(hands, ask(hands, voice_design, "Captain Rust", state=second.state))
    [output] = result.outputs
    assert sound(output) == sound(second)
    assert isinstance(second.state, Mapping)
    assert fake.bodies(KEEP) == [
        {
            "voice_name": "Captain Rust",
            "voice_description": PIRATE,
            "generated_voice_id": second.state["generated_voice"],
        }
    ]
    assert "Captain Rust" in await names(hands.client)
    assert result.details == {"voice_id": result.details["voice_id"], "name": "Captain Rust"}
    again = ask(hands, voice_design, "Captain Gold", state=output.state)
    assert str(result.details["voice_id"]) in voice_design.refuses(again)
    assert isinstance(await failure(hands, again), StateGone)
    assert fake.counts()[KEEP] == 1


async def test_how_previews_were_made_does_not_hinder_keeping_one(fake: FakeElevenLabs, tmp_path: Path) -> None:
    async with opened(tmp_path, backend, env=fake.env()) as engine:
        options = {"loudness": 0, "guidance_scale": 10, "enhance": True, "text": "One more text to be said. " * 5}
        designed = await generated(engine, PIRATE, kind="voice_design", options=options)
        kept = await edited(engine, designed.files[1].id, "Captain Rust")
    assert len(designed.files) == 3
    assert [file.mime for file in kept.files] == ["audio/mpeg"]
    assert not kept.warnings
    assert fake.bodies(KEEP)[0]["voice_name"] == "Captain Rust"


async def test_a_preview_is_kept_once(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    state = (await done(hands, ask(hands, voice_design, PIRATE))).outputs[0].state
    await done(hands, ask(hands, voice_design, "Captain Rust", state=state))
    error = await failure(hands, ask(hands, voice_design, "Captain Gold", state=state))
    assert isinstance(error, InvalidRequest)
    assert error.billed == "no"
    assert "within minutes" in error.hint, "the list may be older than the voice"
    assert "Captain Gold" not in await names(hands.client)
    assert fake.counts()[KEEP] == 2


async def test_a_preview_that_is_gone_is_told_before_a_voice_is_made(
    fake: FakeElevenLabs, hands: AdapterHarness
) -> None:
    state = {"generated_voice": "gone", "description": PIRATE}
    error = await failure(hands, ask(hands, voice_design, "Captain Rust", state=state))
    assert isinstance(error, StateGone)
    assert error.billed == "no"
    assert fake.counts() == {HEAR: 1}


async def test_a_voice_is_not_made_when_its_sound_cannot_be_had(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    state = (await done(hands, ask(hands, voice_design, PIRATE))).outputs[0].state
    fake.script(HEAR, {"reset": True})
    error = await failure(hands, ask(hands, voice_design, "Captain Rust", state=state))
    assert error.billed == "no"
    assert KEEP not in fake.counts()


async def test_a_lost_answer_about_a_voice_leaves_open_whether_it_was_made(
    fake: FakeElevenLabs, hands: AdapterHarness
) -> None:
    state = (await done(hands, ask(hands, voice_design, PIRATE))).outputs[0].state
    fake.script(KEEP, {"status": 500, "body": {}, "times": 3})
    error = await failure(hands, ask(hands, voice_design, "Captain Rust", state=state))
    assert error.billed is None
    assert fake.counts()[KEEP] == 1


@pytest.mark.parametrize(("prompt", "params"), [("x" * 101, {}), ("Captain Rust", {"seed": 1})], ids=["name", "option"])
async def test_a_voice_is_kept_as_it_is_under_a_short_name(
    hands: AdapterHarness, prompt: str, params: Mapping[str, Any]
) -> None:
    state = {"generated_voice": "one", "description": PIRATE}
    assert voice_design.refuses(ask(hands, voice_design, prompt, state=state, **params))
    assert not voice_design.refuses(ask(hands, voice_design, "x" * 100, state=state))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"previews": []},
        {"previews": [{"audio_base_64": "#", "generated_voice_id": "v"}]},
        {"previews": [{"audio_base_64": ""}]},
        [],
    ],
    ids=str,
)
async def test_previews_that_make_no_sense_are_told(fake: FakeElevenLabs, hands: AdapterHarness, body: object) -> None:
    fake.script(DESIGN, {"body": body})
    assert isinstance(await failure(hands, ask(hands, voice_design, PIRATE)), ProviderError)


# Cloning


async def test_a_voice_is_cloned_and_says_something(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    samples: dict[Role, Sequence[Source]] = {"voice_sample": [Recording(), Recording()]}
    result = await done(hands, ask(hands, voice_clone, "Grandma, a warm and slow voice", inputs=samples))
    [cloning], [speaking] = fake.bodies(CLONE), fake.bodies(SPEAK)
    assert {name: cloning["fields"][name] for name in ("name", "description")} == {
        "name": "Grandma",
        "description": "Grandma, a warm and slow voice",
    }
    assert [(file["field"], file["name"], file["mime"]) for file in cloning["files"]] == [
        ("files", "sample.wav", "audio/wav")
    ] * 2
    assert speaking["model_id"] == "eleven_v4"
    assert result.details["name"] == "Grandma"
    assert result.details["requires_verification"] is False
    [heard] = voices_in(sound(result.outputs[0]))
    assert heard not in {voice.hertz for voice in HOUSE.values()}
    assert "Grandma" in await names(hands.client)
    assert any(str(result.details["voice_id"]) in request["path"] for request in fake.log())


async def test_what_a_clone_says_and_how_it_is_made_can_be_told(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    samples: dict[Role, Sequence[Source]] = {"voice_sample": [Recording()]}
    asked = ask(hands, voice_clone, inputs=samples, model=1, text="Good morning.", remove_background_noise=True)
    result = await done(hands, asked)
    [cloning], [speaking] = fake.bodies(CLONE), fake.bodies(SPEAK)
    assert cloning["fields"]["remove_background_noise"] == "true"
    assert "description" not in cloning["fields"]
    assert (speaking["text"], speaking["model_id"]) == ("Good morning.", "eleven_multilingual_v2")
    assert result.details["name"] == "sample"


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("Grandma", "Grandma"),
        ("Grandma: warm", "Grandma"),
        ("Our old friend\nhe is slow", "Our old friend"),
        ("word " * 30, ("word " * 20).strip()),
        ("x" * 120, "x" * 100),
        (", no name at all", "sample"),
    ],
)
async def test_a_clone_is_called_by_the_first_words(
    fake: FakeElevenLabs, hands: AdapterHarness, prompt: str, name: str
) -> None:
    await done(hands, ask(hands, voice_clone, prompt, inputs={"voice_sample": [Recording()]}))
    assert fake.bodies(CLONE)[0]["fields"]["name"] == name


@pytest.mark.parametrize(
    "answer",
    [
        scripted(429, "too_many_concurrent_requests"),
        scripted(401, "quota_exceeded"),
        {"reset": True},
        {"truncate": True},
    ],
    ids=["often", "empty account", "lost", "cut off"],
)
async def test_a_clone_that_cannot_be_heard_is_not_made_again(
    fake: FakeElevenLabs, hands: AdapterHarness, answer: Mapping[str, object]
) -> None:
    fake.script(SPEAK, answer)
    error = await failure(hands, ask(hands, voice_clone, "Grandma", inputs={"voice_sample": [Recording()]}))
    assert isinstance(error, ProviderError)
    # Whatever says that nothing was billed would have the server send all of it again.
    assert error.billed == "unknown"
    [voice] = [
        request["path"].split("/")[3].split("?")[0] for request in fake.log() if "text-to-speech" in request["path"]
    ]
    assert voice in error.message
    assert voice in error.hint
    assert "Grandma" in await names(hands.client)
    assert fake.counts()[CLONE] == 1


async def test_a_voice_that_must_be_verified_says_so(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    fake.script(CLONE, {"body": {"voice_id": "v" * 20, "requires_verification": True}})
    error = await failure(hands, ask(hands, voice_clone, "Grandma", inputs={"voice_sample": [Recording()]}))
    assert "verified" in str(error)


async def test_an_account_that_has_enough_voices_is_told(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    fake.settings(voices=0)
    error = await failure(hands, ask(hands, voice_clone, "Grandma", inputs={"voice_sample": [Recording()]}))
    assert isinstance(error, Unsuitable)
    assert error.billed == "no"
    assert SPEAK not in fake.counts()


@pytest.mark.parametrize("body", [{}, []], ids=str)
async def test_a_clone_without_an_id_makes_no_sense(fake: FakeElevenLabs, hands: AdapterHarness, body: object) -> None:
    fake.script(CLONE, {"body": body})
    error = await failure(hands, ask(hands, voice_clone, "Grandma", inputs={"voice_sample": [Recording()]}))
    assert isinstance(error, ProviderError)
    assert SPEAK not in fake.counts()


async def test_samples_are_read_from_the_disk_while_they_are_sent(
    fake: FakeElevenLabs, hands: AdapterHarness, tmp_path: Path
) -> None:
    path = tmp_path / "sample.wav"
    path.write_bytes(wav(bytes(8_000_000), rate=44_100))
    largest = 0

    class Watched(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes | None:
            nonlocal largest
            data = super().read(size)
            largest = max(largest, len(data or b""))
            return data

    class OnDisk(Recording):
        def open(self) -> BinaryIO:
            return Watched(path)

    await done(hands, ask(hands, audio_isolation, inputs={"audio": [OnDisk()]}))
    assert fake.bodies(ISOLATE)[0]["files"][0]["size"] == path.stat().st_size
    assert 0 < largest < 1_000_000
