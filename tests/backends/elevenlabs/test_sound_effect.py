"""Sound effects by ElevenLabs: what is sent, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from fakes.elevenlabs import FakeElevenLabs
from fakes.elevenlabs.media import audio_of, seconds
from mediasmith.plugin.errors import ModelGone, Refused
from mediasmith.plugin.media import sniff
from mediasmith.testing import AdapterHarness
from mediasmith_backends.elevenlabs.sound_effect import sound_effect

CAPABILITY = sound_effect

GENERATE = "POST /v1/sound-generation"


async def test_all_parameters_are_sent(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    result = await adapter.generate(prompt="a door falls shut", duration=5, loop=True, prompt_influence=0.7)
    assert fake.bodies(GENERATE) == [
        {
            "text": "a door falls shut",
            "model_id": "eleven_text_to_sound_v3",
            "duration_seconds": 5.0,
            "loop": True,
            "prompt_influence": 0.7,
        }
    ]
    assert result.outputs[0].body is adapter.sink, "it was not streamed into the server's file"
    assert seconds(adapter.sink.data) == pytest.approx(5, abs=0.1)
    assert result.details == {"characters": 200}


async def test_only_given_parameters_are_sent(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    await adapter.generate(prompt="a bell", model=sound_effect.models[1])
    assert fake.bodies(GENERATE) == [{"text": "a bell", "model_id": "eleven_text_to_sound_v2"}]
    assert fake.counts() == {GENERATE: 1}


@pytest.mark.parametrize(
    ("params", "code", "mime"),
    [
        ({"output_format": "wav"}, "wav_48000", "audio/wav"),
        ({"output_format": "wav", "sample_rate": 8000}, "wav_8000", "audio/wav"),
        ({"output_format": "ogg", "bitrate": 32}, "opus_48000_32", "audio/ogg"),
    ],
    ids=str,
)
async def test_every_format_is_requested_by_its_code(
    fake: FakeElevenLabs, adapter: AdapterHarness, params: Mapping[str, Any], code: str, mime: str
) -> None:
    assert not sound_effect.refuses(adapter.call(**params))
    result = await adapter.generate(duration=0.5, **params)
    assert fake.log()[-1]["path"].endswith(f"?output_format={code}")
    assert result.outputs[0].mime == sniff(audio_of(result)) == mime


async def test_a_format_that_does_not_exist_is_refused(adapter: AdapterHarness) -> None:
    assert "makes wav with sample_rate 48000" in sound_effect.refuses(adapter.call(output_format="wav", bitrate=64))


@pytest.mark.parametrize("setting", ["retired", "unlisted"])
async def test_a_model_that_is_gone_says_so(fake: FakeElevenLabs, adapter: AdapterHarness, setting: str) -> None:
    fake.settings(**{setting: ["eleven_text_to_sound_v3"]})
    assert isinstance(await adapter.failure_of(), ModelGone)
    assert (await adapter.generate(model=sound_effect.models[1])).complete


async def test_a_sound_against_the_rules_is_refused(adapter: AdapterHarness) -> None:
    assert isinstance(await adapter.failure_of(prompt="a forbidden noise"), Refused)
