"""Speech: WAV by default, whatever comes is read, and what is no sound is an error."""

from __future__ import annotations

import base64
import io
import wave
from typing import Any

import pytest

from fakes.compatible import FakeCompatible
from mediasmith.plugin import media
from mediasmith.plugin.contract import Model, Remote
from mediasmith.plugin.errors import ProviderError
from mediasmith.testing import AdapterHarness

SPEAK, VOICES = "POST /v1/audio/speech", "GET /v1/audio/voices"
WAV = media.wav(bytes(480), rate=24_000)
SOUND = base64.b64encode(WAV).decode()


def sent(fake: FakeCompatible) -> Any:
    return fake.log()[-1]["body"]


async def test_little_is_sent_and_the_format_always(fake: FakeCompatible, speech: AdapterHarness) -> None:
    await speech.generate(prompt="Hello.")
    assert sent(fake) == {"model": "kokoro", "input": "Hello.", "response_format": "wav"}
    await speech.generate(prompt="Hello.", model=Model(id="default"))
    assert "model" not in sent(fake)


async def test_what_is_asked_for_is_sent(fake: FakeCompatible, speech: AdapterHarness) -> None:
    given = {"voice": "af_heart+am_joe", "instructions": "calm", "speed": 1.5}
    await speech.generate(prompt="Hello.", output_format="mp3", extra_body={"num_inference_steps": 4}, **given)
    usual = {"model": "kokoro", "input": "Hello.", "response_format": "mp3", "num_inference_steps": 4}
    assert sent(fake) == {**usual, **given}


async def test_a_streamed_wav_is_saved_with_its_length(speech: AdapterHarness) -> None:
    [output] = (await speech.generate()).outputs
    assert isinstance(output.body, bytes)
    with wave.open(io.BytesIO(output.body), "rb") as reader:
        assert reader.getnframes() / reader.getframerate() == 0.5


async def test_the_type_is_that_of_the_bytes(fake: FakeCompatible, speech: AdapterHarness) -> None:
    assert (await speech.generate(output_format="flac")).outputs[0].mime == "audio/flac"


@pytest.mark.parametrize(
    "body",
    [
        {"audio": SOUND, "format": "wav"},
        {"data": f"data:audio/wav;base64,{SOUND}"},
        {"audio": {"b64_json": SOUND}},
        {"audio": {"data": SOUND}, "transcript": "Hello."},
        {"data": [{"b64_json": SOUND}]},
    ],
)
async def test_a_sound_may_be_inside_json(fake: FakeCompatible, speech: AdapterHarness, body: dict[str, Any]) -> None:
    fake.script(SPEAK, {"status": 200, "body": body})
    [output] = (await speech.generate()).outputs
    assert (output.body, output.mime) == (WAV, "audio/wav")


async def test_a_sound_may_be_elsewhere(fake: FakeCompatible, speech: AdapterHarness) -> None:
    fake.script(SPEAK, {"status": 200, "body": {"url": "/files/a.mp3"}})
    [output] = (await speech.generate()).outputs
    assert (output.body, output.mime) == (Remote(url=f"{fake.url}/files/a.mp3"), "audio/mpeg")


@pytest.mark.parametrize(
    "answer",
    [
        {"body": {"error": "Unexpected endpoint or method. Returning 200 anyway"}},
        {"html": True},
        {"body": {}},
        {"body": {"audio": "none"}},
        {"body": []},
    ],
)
async def test_what_is_no_sound_is_an_error_of_the_engine(
    fake: FakeCompatible, speech: AdapterHarness, answer: dict[str, Any]
) -> None:
    fake.script(SPEAK, {"status": 200, **answer})
    error = await speech.failure_of()
    assert isinstance(error, ProviderError)
    assert fake.base_url in error.message


@pytest.mark.parametrize(
    "voices",
    [["af_heart", "am_joe"], [{"id": "af_heart", "name": "Heart"}, {"name": "am_joe"}, {"language": "en"}]],
)
async def test_voices_are_listed_where_an_engine_lists_them(
    fake: FakeCompatible, speech: AdapterHarness, voices: list[Any]
) -> None:
    fake.script(VOICES, {"status": 200, "body": {"voices": voices}})
    assert await speech.capability.choices["voice"](speech.client) == ["af_heart", "am_joe"]
