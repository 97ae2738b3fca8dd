"""Voice conversion and audio isolation by ElevenLabs: what is sent of a recording, and what comes back."""

from __future__ import annotations

import io
import json
import wave
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from fakes.elevenlabs import FakeElevenLabs
from fakes.elevenlabs.errors import scripted
from fakes.elevenlabs.media import Recording, audio_of, warnings_with
from fakes.elevenlabs.state import GEORGE, VOICES
from mediasmith.plugin.contract import Capability
from mediasmith.plugin.errors import InvalidRequest, ProviderError, Unsuitable
from mediasmith.plugin.files import Source
from mediasmith.plugin.kinds import Role
from mediasmith.plugin.media import sniff, wav
from mediasmith.testing import AdapterHarness, MemorySource
from mediasmith_backends.elevenlabs.audio_isolation import audio_isolation
from mediasmith_backends.elevenlabs.client import ElevenLabs
from mediasmith_backends.elevenlabs.voice_conversion import voice_conversion

CAPABILITY = voice_conversion

CONVERT, ISOLATE = "POST /v1/voice-changer/{voice_id}", "POST /v1/audio-isolation"
BOTH = pytest.mark.parametrize(
    ("capability", "route"), [(voice_conversion, CONVERT), (audio_isolation, ISOLATE)], ids=["conversion", "isolation"]
)


def inputs(source: Source | None = None) -> Mapping[Role, Sequence[Source]]:
    return {"audio": [source or Recording()]}


async def test_a_recording_is_converted_to_the_voice(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    result = await adapter.generate(prompt="", inputs=inputs(), voice="Charlotte", stability=0.5, style=0, seed=7)
    [output] = result.outputs
    assert output.mime == sniff(audio_of(result)) == "audio/mpeg"
    [body] = fake.bodies(CONVERT)
    assert json.loads(body["fields"].pop("voice_settings")) == {"stability": 0.5, "style": 0.0}
    assert body["fields"] == {"model_id": "eleven_multilingual_sts_v2", "seed": "7"}
    assert [(file["field"], file["name"], file["mime"]) for file in body["files"]] == [
        ("audio", "sample.wav", "audio/wav")
    ]
    charlotte = next(voice for voice, name in VOICES.items() if name == "Charlotte")
    assert charlotte in fake.log()[-1]["path"]
    assert set(result.details) == {"voice_id", "request_id", "characters"}
    assert result.details["voice_id"] == charlotte
    assert not adapter.warnings


async def test_the_default_voice_is_george(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    await adapter.generate(prompt="", inputs=inputs(), remove_background_noise=True)
    [body] = fake.bodies(CONVERT)
    assert body["fields"] == {"model_id": "eleven_multilingual_sts_v2", "remove_background_noise": "true"}
    assert GEORGE in fake.log()[-1]["path"]


async def test_a_conversion_has_the_format_of_the_parameters(adapter: AdapterHarness) -> None:
    result = await adapter.generate(prompt="", inputs=inputs(), output_format="wav", sample_rate=16_000)
    with wave.open(io.BytesIO(audio_of(result))) as file:
        assert (file.getnchannels(), file.getframerate()) == (1, 16_000)
        assert file.getnframes() == pytest.approx(32_000, abs=200)
    assert "sample_rate" in voice_conversion.refuses(adapter.call(sample_rate=8000))


async def test_an_unknown_voice_costs_nothing(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    error = await adapter.failure_of(inputs=inputs(), voice="Charlxtte")
    assert isinstance(error, Unsuitable)
    assert "Charlotte" in str(error)
    assert fake.paid() == 0


async def test_a_broken_recording_costs_nothing(adapter: AdapterHarness) -> None:
    error = await adapter.failure_of(inputs=inputs(Recording(b"RIFF....WAVE" + bytes(100))))
    assert isinstance(error, InvalidRequest)
    assert error.billed == "no"


@pytest.mark.parametrize("mime", ["audio/wav", "video/mp4"])
async def test_a_voice_is_isolated(fake: FakeElevenLabs, adapter: AdapterHarness, mime: str) -> None:
    adapter.capability = audio_isolation
    result = await adapter.generate(prompt="", inputs=inputs(MemorySource(mime=mime)))
    assert result.outputs[0].mime == sniff(audio_of(result)) == "audio/mpeg"
    [body] = fake.bodies(ISOLATE)
    assert body["fields"] == {}
    assert [(file["field"], file["mime"]) for file in body["files"]] == [("audio", mime)]


@BOTH
async def test_a_prompt_is_ignored_with_a_warning(
    adapter: AdapterHarness, capability: Capability[ElevenLabs, Any], route: str
) -> None:
    adapter.capability = capability
    await adapter.generate(prompt="louder", inputs=inputs())
    assert warnings_with(adapter.warnings, "prompt was ignored")


@BOTH
async def test_a_failed_form_is_sent_once_and_its_file_closed(
    fake: FakeElevenLabs, adapter: AdapterHarness, capability: Capability[ElevenLabs, Any], route: str
) -> None:
    adapter.capability = capability
    fake.script(route, {**scripted(500, "internal_error"), "times": 3})
    recording = Recording()
    error = await adapter.failure_of(inputs=inputs(recording))
    assert isinstance(error, ProviderError)
    assert error.billed is None
    assert fake.counts() == {route: 1}
    assert [file.closed for file in recording.files] == [True]


async def test_a_recording_is_read_from_disk_while_it_is_sent(
    fake: FakeElevenLabs, adapter: AdapterHarness, tmp_path: Path
) -> None:
    path = tmp_path / "sample.wav"
    path.write_bytes(wav(bytes(4_000_000), rate=44_100))
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

    await adapter.generate(prompt="", inputs=inputs(OnDisk()))
    assert fake.bodies(CONVERT)[0]["files"][0]["size"] == path.stat().st_size
    assert 0 < largest < 1_000_000
