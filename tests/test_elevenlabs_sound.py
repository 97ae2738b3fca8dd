"""Sound effects by ElevenLabs: what goes out, and what comes back."""

from __future__ import annotations

import io
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import av
import pytest

from fakes.elevenlabs import KEY, FakeElevenLabs, running
from fakes.trying import failure, made
from mediasmith.plugin.contract import Request
from mediasmith.plugin.errors import ModelGone, Refused
from mediasmith.plugin.media import sniff
from mediasmith.testing import AdapterHarness, signed_in
from mediasmith.testing.doubles import MemorySink
from mediasmith_backends.elevenlabs import backend
from mediasmith_backends.elevenlabs.sound_effect import sound_effect

MADE = "POST /v1/sound-generation"

PROVIDER = running


@pytest.fixture
async def hands(fake: FakeElevenLabs) -> AsyncGenerator[AdapterHarness]:
    async with signed_in(backend, fake.url, KEY, capability=sound_effect) as hands:
        yield hands


def ask(prompt: str = "a door falls shut", model: int = 0, **params: Any) -> Request[Any]:
    values = sound_effect.params.model_validate(params)
    return Request(model=sound_effect.models[model], prompt=prompt, params=values, inputs={})


async def test_a_sound_that_loops_has_the_length_that_was_asked_for(
    fake: FakeElevenLabs, hands: AdapterHarness
) -> None:
    result = await made(hands, ask(duration=5, loop=True, prompt_influence=0.7))
    assert fake.bodies(MADE) == [
        {
            "text": "a door falls shut",
            "model_id": "eleven_text_to_sound_v3",
            "duration_seconds": 5.0,
            "loop": True,
            "prompt_influence": 0.7,
        }
    ]
    [output] = result.outputs
    assert output.body is hands.sink, "it was not streamed into the server's file"
    with av.open(io.BytesIO(hands.sink.data), "r", metadata_errors="ignore") as container:
        assert (container.duration or 0) / 1_000_000 == pytest.approx(5, abs=0.1)
    assert result.details == {"characters": 200}


async def test_nothing_is_sent_that_nobody_asked_for(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    await made(hands, ask(model=1))
    assert fake.bodies(MADE) == [{"text": "a door falls shut", "model_id": "eleven_text_to_sound_v2"}]
    assert fake.counts() == {MADE: 1}


@pytest.mark.parametrize(
    ("given", "code", "mime"),
    [
        ({"output_format": "wav"}, "wav_48000", "audio/wav"),
        ({"output_format": "wav", "sample_rate": 8000}, "wav_8000", "audio/wav"),
        ({"output_format": "ogg", "bitrate": 32}, "opus_48000_32", "audio/ogg"),
    ],
)
async def test_each_format_is_what_it_says(
    fake: FakeElevenLabs, hands: AdapterHarness, given: Mapping[str, Any], code: str, mime: str
) -> None:
    assert not sound_effect.refuses(ask(**given))
    [output] = (await made(hands, ask(duration=0.5, **given))).outputs
    assert fake.log()[-1]["path"].endswith(f"?output_format={code}")
    assert isinstance(output.body, MemorySink)
    assert output.mime == sniff(output.body.data) == mime


@pytest.mark.parametrize("how", ["retired", "unlisted"])
async def test_a_model_that_is_gone_is_told_for_the_server_to_try_the_next(
    fake: FakeElevenLabs, hands: AdapterHarness, how: str
) -> None:
    fake.settings(**{how: ["eleven_text_to_sound_v3"]})
    assert isinstance(await failure(hands, ask()), ModelGone)
    assert (await made(hands, ask(model=1))).complete


async def test_a_sound_against_the_rules_is_a_refusal(hands: AdapterHarness) -> None:
    assert isinstance(await failure(hands, ask("a forbidden noise")), Refused)
