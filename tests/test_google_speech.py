"""Speech, dialogue and music by Google: what goes out, and how samples without a header become a file."""

from __future__ import annotations

import base64
import io
import wave
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import pytest

from fakes.google import KEY, FakeGoogle, running
from fakes.trying import failure, made
from mediasmith.plugin.contract import Capability, Output, Request
from mediasmith.plugin.errors import InvalidRequest, ProviderError, Refused
from mediasmith.plugin.media import sniff
from mediasmith.testing import AdapterHarness, signed_in
from mediasmith_backends.google import backend
from mediasmith_backends.google.client import Google
from mediasmith_backends.google.dialogue import dialogue
from mediasmith_backends.google.music import music
from mediasmith_backends.google.speech import speech
from mediasmith_backends.google.voices import voices

MADE = "POST /v1/interactions"
LINES = "Anna: Good morning.\nBen: Hello.\n\nHow are you?\nAnna:  Well: and you?"

PROVIDER = running


@pytest.fixture
async def hands(fake: FakeGoogle) -> AsyncGenerator[AdapterHarness]:
    async with signed_in(backend, fake.url, KEY) as hands:
        yield hands


def ask(
    hands: AdapterHarness, capability: Capability[Google, Any], prompt: str, *, draft: bool = False, **params: Any
) -> Request[Any]:
    hands.capability = capability
    model = capability.models[-1 if draft else 0]
    return Request(model=model, prompt=prompt, params=capability.params.model_validate(params), inputs={})


async def one(hands: AdapterHarness, asked: Request[Any]) -> Output:
    [output] = (await made(hands, asked)).outputs
    return output


# Speech


async def test_words_are_said_as_they_stand_and_the_manner_stands_beside_them(
    fake: FakeGoogle, hands: AdapterHarness
) -> None:
    asked = ask(hands, speech, "Good morning.", voice="Leda", language="en-GB", instructions="whispering")
    output = await one(hands, asked)
    assert (output.mime, output.state) == ("audio/mpeg", None)
    assert fake.bodies(MADE) == [
        {
            "model": "gemini-3.8-flash-tts",
            "input": [
                {
                    "type": "user_input",
                    "content": [
                        {
                            "type": "text",
                            "text": "Good morning.",
                            "annotations": [{"type": "speech_metadata", "style": "whispering"}],
                        }
                    ],
                }
            ],
            "response_format": {"type": "audio", "mime_type": "audio/mp3"},
            "generation_config": {"speech_config": [{"voice": "Leda", "language": "en-GB"}]},
            "store": False,
        }
    ]
    assert fake.counts() == {MADE: 1}


async def test_nothing_is_said_that_nobody_asked_for(fake: FakeGoogle, hands: AdapterHarness) -> None:
    await made(hands, ask(hands, speech, "Good morning.", draft=True))
    [body] = fake.bodies(MADE)
    assert body["model"] == "gemini-3.8-flash-lite-tts"
    assert body["input"][0]["content"] == [{"type": "text", "text": "Good morning."}]
    assert body["generation_config"] == {"speech_config": [{"voice": "Kore"}]}


@pytest.mark.parametrize(
    ("given", "sent"), [("DE", "de"), ("EN-gb", "en-GB"), ("es-419", "es-419"), ("cmn-Hans-cn", "cmn-Hans-CN")]
)
async def test_a_language_is_sent_as_the_provider_writes_it(
    fake: FakeGoogle, hands: AdapterHarness, given: str, sent: str
) -> None:
    await made(hands, ask(hands, speech, "Hi.", language=given))
    assert fake.bodies(MADE)[0]["generation_config"]["speech_config"] == [{"voice": "Kore", "language": sent}]


@pytest.mark.parametrize(
    ("given", "sent"), [("kore", "Kore"), ("PUCK", "Puck"), ("voice_abc123def456", "voice_abc123def456")]
)
async def test_a_voice_is_sent_as_the_provider_writes_it(
    fake: FakeGoogle, hands: AdapterHarness, given: str, sent: str
) -> None:
    await made(hands, ask(hands, speech, "Hi.", voice=given))
    assert fake.bodies(MADE)[0]["generation_config"]["speech_config"] == [{"voice": sent}]


@pytest.mark.parametrize(
    ("given", "sent"),
    [(("Anna=kore", "Ben = PUCK"), ["Kore", "Puck"]), (("Ben=kore",), ["Puck", "Kore"])],
)
async def test_the_voices_of_a_dialogue_are_the_same_in_any_case(
    fake: FakeGoogle, hands: AdapterHarness, given: tuple[str, ...], sent: list[str]
) -> None:
    await made(hands, ask(hands, dialogue, LINES, voices=given))
    speakers = fake.bodies(MADE)[0]["generation_config"]["speech_config"]["speakers"]
    assert [each["voice"] for each in speakers] == sent


@pytest.mark.parametrize(("form", "mime"), [("mp3", "audio/mpeg"), ("wav", "audio/wav"), ("ogg", "audio/ogg")])
async def test_each_format_is_what_it_says(hands: AdapterHarness, form: str, mime: str) -> None:
    output = await one(hands, ask(hands, speech, "Good morning.", output_format=form))
    assert isinstance(output.body, bytes)
    assert (output.mime, sniff(output.body)) == (mime, mime)


SAMPLES = bytes(range(256)) * 8


@pytest.mark.parametrize(
    ("mime", "beside", "shape"),
    [
        ("audio/l16;rate=16000;channels=2", {"sample_rate": 8000}, (16_000, 2)),
        ("audio/L16; codec=pcm; rate=44100", {}, (44_100, 1)),
        ("audio/pcm", {"sample_rate": 48_000, "channels": 2}, (48_000, 2)),
        ("audio/l16;rate=fast;channels=0", {"sample_rate": True}, (24_000, 1)),
        ("audio/l16", {}, (24_000, 1)),
    ],
)
async def test_samples_are_given_a_header_with_the_rate_that_their_type_tells(
    fake: FakeGoogle, hands: AdapterHarness, mime: str, beside: Mapping[str, object], shape: tuple[int, int]
) -> None:
    block = {"type": "audio", "mime_type": mime, "data": base64.b64encode(SAMPLES).decode(), **beside}
    steps = [{"type": "model_output", "content": [block]}]
    fake.script(MADE, {"body": {"id": "v1_1", "status": "completed", "steps": steps}})
    output = await one(hands, ask(hands, speech, "Good morning.", output_format="wav"))
    assert isinstance(output.body, bytes)
    with wave.open(io.BytesIO(output.body)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (*shape, 2)
        assert sound.readframes(10_000) == SAMPLES


@pytest.mark.parametrize("block", [{"mime_type": "audio/weird", "data": "AAAA"}, {"mime_type": "audio/l16"}], ids=str)
async def test_what_is_no_sound_is_no_result(
    fake: FakeGoogle, hands: AdapterHarness, block: Mapping[str, object]
) -> None:
    steps = [{"type": "model_output", "content": [{"type": "audio", **block}]}]
    fake.script(MADE, {"body": {"id": "v1_1", "status": "completed", "steps": steps}})
    assert isinstance(await failure(hands, ask(hands, speech, "Good morning.")), ProviderError)


async def test_a_voice_that_nobody_has_costs_nothing(hands: AdapterHarness) -> None:
    error = await failure(hands, ask(hands, speech, "Good morning.", voice="Nobody"))
    assert isinstance(error, InvalidRequest)
    assert "Nobody" in str(error)


async def test_words_that_are_not_said_are_a_refusal(hands: AdapterHarness) -> None:
    assert isinstance(await failure(hands, ask(hands, speech, "a forbidden thing")), Refused)


async def test_the_voices_there_are(fake: FakeGoogle, hands: AdapterHarness) -> None:
    names = await voices(hands.client)
    assert {"Kore", "Puck", "voice_abc123def456"} <= {*names}
    assert fake.counts() == {"GET /v1/voices": 1}
    assert set(speech.choices) == {"voice"}
    assert set(dialogue.choices) == {"voices"}


# Dialogue


async def test_each_line_is_a_turn_of_its_speaker(fake: FakeGoogle, hands: AdapterHarness) -> None:
    given: dict[str, Any] = {
        "voices": ("Ben=Orus",),
        "language": "en",
        "instructions": "cheerful",
        "output_format": "ogg",
    }
    assert not dialogue.refuses(ask(hands, dialogue, LINES, **given))
    assert (await one(hands, ask(hands, dialogue, LINES, **given))).mime == "audio/ogg"
    [body] = fake.bodies(MADE)

    def said(speaker: str, text: str) -> object:
        manner = {"type": "speech_metadata", "speaker": speaker, "style": "cheerful"}
        return {"type": "text", "text": text, "annotations": [manner]}

    assert body["input"][0]["content"] == [
        said("Anna", "Good morning."),
        said("Ben", "Hello.\nHow are you?"),
        said("Anna", "Well: and you?"),
    ]
    assert body["generation_config"]["speech_config"] == {
        "speakers": [
            {"speaker": "Anna", "voice": "Kore", "language": "en"},
            {"speaker": "Ben", "voice": "Orus", "language": "en"},
        ]
    }
    assert fake.paid() == 1


@pytest.mark.parametrize(
    ("prompt", "given", "why"),
    [
        ("Good morning.", (), "starts with the speaker's name"),
        ("Anna: Good morning.", (), "this one has 1"),
        ("Anna: Hi.\nBen: Hi.\nCara: Hi.", (), "this one has 3: Anna, Ben, Cara"),
        ("Anna: Hi.\nBen: Hi.", ("Kore",), "Name=voice"),
        ("Anna: Hi.\nBen: Hi.", ("Cara=Kore",), "Anna, Ben"),
        ("Anna: Hi.\nBen: Hi.", ("Anna=",), "Name=voice"),
    ],
)
async def test_what_is_no_dialogue_of_two_is_told_before_it_is_sent(
    hands: AdapterHarness, prompt: str, given: tuple[str, ...], why: str
) -> None:
    assert why in dialogue.refuses(ask(hands, dialogue, prompt, voices=given))


# Music


@pytest.mark.parametrize("draft", [False, True])
async def test_music_comes_with_its_lyrics_and_structure(
    fake: FakeGoogle, hands: AdapterHarness, *, draft: bool
) -> None:
    result = await made(hands, ask(hands, music, "a waltz", draft=draft))
    [output] = result.outputs
    assert output.mime == "audio/mpeg"
    assert "[Chorus]" in str(result.details["text"])
    model = "lyria-3-clip-preview" if draft else "lyria-3.5"
    assert fake.bodies(MADE) == [{"model": model, "input": "a waltz", "store": False}]
    assert fake.counts() == {MADE: 1}
