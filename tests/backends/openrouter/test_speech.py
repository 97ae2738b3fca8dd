"""Speech through OpenRouter."""

from __future__ import annotations

import io
import wave
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from datetime import date

import pytest

from fakes.openrouter import KEY, FakeOpenRouter
from mediasmith.plugin.contract import Model, Output
from mediasmith.plugin.errors import ProviderError
from mediasmith.plugin.media import sniff
from mediasmith.selection.ranking import SelectionContext, select
from mediasmith.selection.selection_request import SelectionRequest
from mediasmith.testing import AdapterHarness, MemorySink, Relay, relay, signed_in
from mediasmith.testing.wire import Answer
from mediasmith_backends.openrouter import backend

SPEECH = backend.capabilities[3]


@pytest.fixture(scope="module")
def wire(shared_fake: FakeOpenRouter) -> Generator[Relay]:
    with relay(shared_fake.base_url) as wire:
        yield wire


@asynccontextmanager
async def answering(wire: Relay, *answers: Answer) -> AsyncGenerator[AdapterHarness]:
    """Sign in where the next answers are these, whose content types no JSON script could give."""
    wire.clear()
    wire.script(*answers)
    async with signed_in(backend, wire.url, KEY, capability=SPEECH) as harness:
        yield harness


def samples(output: Output) -> tuple[int, int, int]:
    """Return the rate, the channels and the number of the samples of a recording."""
    assert isinstance(output.body, bytes)
    with wave.open(io.BytesIO(output.body)) as reader:
        return reader.getframerate(), reader.getnchannels(), reader.getnframes()


async def test_speech_is_mp3_written_as_it_comes(fake: FakeOpenRouter, speech: AdapterHarness) -> None:
    (output,) = (await speech.generate()).outputs
    assert isinstance(output.body, MemorySink)
    assert (output.mime, sniff(output.body.data)) == ("audio/mpeg", "audio/mpeg")
    assert fake.log()[0]["body"] == {
        "model": "openai/gpt-4o-mini-tts-2025-12-15",
        "input": "a red kite",
        "response_format": "mp3",
        "voice": "marin",
    }


async def test_wav_is_requested_as_samples_and_wrapped(fake: FakeOpenRouter, speech: AdapterHarness) -> None:
    (output,) = (await speech.generate(output_format="wav", voice="nova", speed=2.0, instructions="calm")).outputs
    assert output.mime == "audio/wav"
    assert samples(output)[:2] == (24_000, 1)
    expected = {"response_format": "pcm", "voice": "nova", "speed": 2.0, "instructions": "calm"}
    assert expected.items() <= fake.log()[0]["body"].items()


@pytest.mark.parametrize(
    ("mime", "rate", "channels"),
    [
        ("audio/pcm", 24_000, 1),
        ("audio/pcm;rate=16000", 16_000, 1),
        ("audio/pcm; rate=44100; channels=2", 44_100, 2),
        ("audio/pcm;rate=many;channels=0", 24_000, 1),
        ("audio/pcm;rate=999999;channels=100000", 24_000, 1),
    ],
)
async def test_samples_are_as_their_content_type_says(wire: Relay, mime: str, rate: int, channels: int) -> None:
    async with answering(wire, Answer(status=200, mime=mime, body=bytes(4800))) as speech:
        (output,) = (await speech.generate(output_format="wav")).outputs
    assert samples(output) == (rate, channels, 4800 // 2 // channels)


@pytest.mark.parametrize(("sent", "kept"), [("audio/pcm", "audio/wav"), ("audio/ogg", "audio/ogg")])
async def test_another_format_is_kept_with_a_warning(wire: Relay, sent: str, kept: str) -> None:
    async with answering(wire, Answer(status=200, mime=sent, body=bytes(480))) as speech:
        assert (await speech.generate()).outputs[0].mime == kept
    assert ["output_format mp3" in warning for warning in speech.warnings] == [True]


@pytest.mark.parametrize(("form", "mime"), [("wav", "audio/wav"), ("mp3", "audio/mpeg")])
@pytest.mark.parametrize("sent", ["", "application/octet-stream"])
async def test_audio_without_a_type_is_what_was_requested(wire: Relay, sent: str, form: str, mime: str) -> None:
    async with answering(wire, Answer(status=200, mime=sent, body=bytes(480))) as speech:
        assert (await speech.generate(output_format=form)).outputs[0].mime == mime
    assert not speech.warnings


@pytest.mark.parametrize("mime", ["audio/mpeg", "audio/pcm", "", "text/html"])
async def test_an_answer_without_audio_is_an_error(wire: Relay, mime: str) -> None:
    async with answering(wire, Answer(status=200, mime=mime, body=b"")) as speech:
        assert isinstance(await speech.failure_of(), ProviderError)
    assert not any(sink.data for sink in speech.sinks)


async def test_an_unlisted_model_may_ignore_words(fake: FakeOpenRouter, speech: AdapterHarness) -> None:
    await speech.generate(model=Model(id="google/gemini-3.8-flash-tts"), voice="Kore", instructions="calm")
    assert ["ignore instructions" in warning for warning in speech.warnings] == [True]
    assert fake.paid() == 1


@pytest.mark.parametrize(
    ("voice", "models"),
    [
        ("marin", ["openai/gpt-4o-mini-tts-2025-12-15"]),
        ("kore", ["google/gemini-3.8-flash-tts"]),
        ("en_paul_neutral", ["mistralai/voxtral-mini-tts-2603"]),
        ("en_paul_happy", ["mistralai/voxtral-mini-tts-2603"]),
    ],
)
def test_a_voice_is_used_with_its_own_model_alone(voice: str, models: list[str]) -> None:
    request = SelectionRequest(kind="speech", prompts=("a red kite",), words={"voice": voice})
    context = SelectionContext(backends=[backend], missing={}, today=date(2026, 11, 30))
    assert [candidate.model.id for candidate in select(request, context)] == models
    assert SPEECH.refuses(AdapterHarness(backend, None, SPEECH).call(voice=voice, model=Model(id="of/tomorrow"))) == ""


async def test_only_voices_of_models_that_do_not_name_their_own_are_listed(speech: AdapterHarness) -> None:
    assert await SPEECH.choices["voice"](speech.client) == ["en_paul_neutral"]
