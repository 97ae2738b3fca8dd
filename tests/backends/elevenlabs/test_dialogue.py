"""Dialogue by ElevenLabs: who says what, and how a long one is cut."""

from __future__ import annotations

import pytest

from fakes.elevenlabs import FakeElevenLabs
from fakes.elevenlabs.audio import CHARACTERS_A_SECOND
from fakes.elevenlabs.media import audio_of, seconds
from fakes.elevenlabs.state import GEORGE, ROGER, VOICES
from mediasmith.testing import AdapterHarness
from mediasmith_backends.elevenlabs.dialogue import dialogue
from mediasmith_backends.elevenlabs.voices import DEFAULT_CAST

CAPABILITY = dialogue

TALK = "POST /v1/text-to-dialogue"
LINES = "Anna: Good morning.\nBen: Hello.\n\nHow are you?\nAnna:  Well: and you?\nBen: Well."


async def test_each_line_is_spoken_by_its_speakers_voice(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    result = await adapter.generate(prompt=LINES, voices=("Ben=Roger",), language="en", seed=3, stability=0.5)
    assert fake.bodies(TALK) == [
        {
            "inputs": [
                {"text": "Good morning.", "voice_id": GEORGE},
                {"text": "Hello.\nHow are you?", "voice_id": ROGER},
                {"text": "Well: and you?", "voice_id": GEORGE},
                {"text": "Well.", "voice_id": ROGER},
            ],
            "model_id": "eleven_v4",
            "language_code": "en",
            "settings": {"stability": 0.5},
            "seed": 3,
        }
    ]
    assert result.details["voices"] == {"Anna": GEORGE, "Ben": ROGER}


async def test_a_long_dialogue_is_cut_between_its_lines(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    line = ("Something is said that takes its time. " * 10).strip()
    prompt = "\n".join(f"{'AB'[number % 2]}: {line}" for number in range(12))
    result = await adapter.generate(prompt=prompt)
    sizes = [sum(len(turn["text"]) for turn in body["inputs"]) for body in fake.bodies(TALK)]
    assert len(sizes) == 3
    assert max(sizes) <= 2000
    assert sum(sizes) == 12 * len(line)
    assert seconds(audio_of(result)) == pytest.approx(sum(sizes) / CHARACTERS_A_SECOND, abs=0.1)


async def test_a_line_longer_than_any_request_is_cut(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    await adapter.generate(prompt=f"A: {'This is a sentence. ' * 150}\nB: Yes.")
    one, other = fake.bodies(TALK)
    voices = [turn["voice_id"] for turn in (*one["inputs"], *other["inputs"])]
    assert voices == [DEFAULT_CAST[0], DEFAULT_CAST[0], DEFAULT_CAST[1]]


@pytest.mark.parametrize(
    ("prompt", "voices", "reason"),
    [
        ("Good morning.", (), "starts with the speaker's name"),
        ("Anna: Hi.\nBen: Hi.", ("Roger",), "Name=voice"),
        ("\n".join(f"S{n}: Hi." for n in range(11)), tuple(f"S{n}=V{n}" for n in range(11)), "at most 10 voices"),
    ],
    ids=["no names", "no voice", "too many"],
)
async def test_what_is_no_dialogue_is_refused(
    adapter: AdapterHarness, prompt: str, voices: tuple[str, ...], reason: str
) -> None:
    assert reason in dialogue.refuses(adapter.call(prompt=prompt, voices=voices))


async def test_a_format_that_does_not_exist_is_refused(adapter: AdapterHarness) -> None:
    assert "bitrate 32" in dialogue.refuses(adapter.call(prompt=LINES, bitrate=320))
    assert not dialogue.refuses(adapter.call(prompt=LINES, voices=("Ben=Roger",)))


async def test_twelve_speakers_share_ten_voices(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    prompt = "\n".join(f"S{number}: Hello." for number in range(12))
    assert not dialogue.refuses(adapter.call(prompt=prompt))
    await adapter.generate(prompt=prompt)
    voices = {turn["voice_id"] for turn in fake.bodies(TALK)[0]["inputs"]}
    assert len(voices) == 10
    assert voices <= set(VOICES)


async def test_an_unknown_voice_costs_nothing(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    error = await adapter.failure_of(prompt=LINES, voices=("Ben=Nobody",))
    assert "Nobody" in str(error)
    assert fake.paid() == 0


async def test_both_models_take_their_settings(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    for model in dialogue.models:
        await adapter.generate(prompt=LINES, model=model, stability=1.0)
    assert [body["model_id"] for body in fake.bodies(TALK)] == ["eleven_v4", "eleven_v3"]
