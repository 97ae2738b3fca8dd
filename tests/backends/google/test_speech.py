"""Speech, dialogue and music with a key: requests, formats, and samples without a header."""

from __future__ import annotations

import base64
import io
import wave
from collections.abc import Mapping
from typing import Any

import pytest

from fakes.google import FakeGoogle
from fakes.google.answers import interaction, output_step
from fakes.google.interaction_routes import CREATE
from mediasmith.plugin.contract import Output
from mediasmith.plugin.errors import InvalidRequest, ProviderError, Refused
from mediasmith.plugin.media import sniff
from mediasmith.testing import AdapterHarness
from mediasmith_backends.google import backend
from mediasmith_backends.google.client import Google
from mediasmith_backends.google.dialogue import dialogue
from mediasmith_backends.google.music import music
from mediasmith_backends.google.speech import speech

LINES = "Anna: Good morning.\nBen: Hello.\n\nHow are you?\nAnna:  Well: and you?"


@pytest.fixture
def speaker(fake: FakeGoogle, gemini: Google) -> AdapterHarness:
    return AdapterHarness(backend, gemini, speech)


@pytest.fixture
def speakers(fake: FakeGoogle, gemini: Google) -> AdapterHarness:
    return AdapterHarness(backend, gemini, dialogue)


async def one_output(harness: AdapterHarness, **given: Any) -> Output:
    [output] = (await harness.generate(**given)).outputs
    return output


# Speech


async def test_the_text_is_sent_verbatim_with_its_style_beside_it(fake: FakeGoogle, speaker: AdapterHarness) -> None:
    output = await one_output(
        speaker, prompt="Good morning.", voice="Leda", language="en-GB", instructions="whispering"
    )
    assert (output.mime, output.state) == ("audio/mpeg", None)
    style = {"type": "speech_metadata", "style": "whispering"}
    assert fake.bodies(CREATE) == [
        {
            "model": "gemini-3.8-flash-tts",
            "input": [
                {
                    "type": "user_input",
                    "content": [{"type": "text", "text": "Good morning.", "annotations": [style]}],
                }
            ],
            "response_format": {"type": "audio", "mime_type": "audio/mp3"},
            "generation_config": {"speech_config": [{"voice": "Leda", "language": "en-GB"}]},
            "store": False,
        }
    ]
    assert fake.counts() == {CREATE: 1}


async def test_nothing_is_sent_that_was_not_asked_for(fake: FakeGoogle, speaker: AdapterHarness) -> None:
    await speaker.generate(prompt="Good morning.", model=speech.models[-1])
    [body] = fake.bodies(CREATE)
    assert body["model"] == "gemini-3.8-flash-lite-tts"
    assert body["input"][0]["content"] == [{"type": "text", "text": "Good morning."}]
    assert body["generation_config"] == {"speech_config": [{"voice": "Kore"}]}


@pytest.mark.parametrize(
    ("name", "given", "sent"),
    [
        ("language", "DE", "de"),
        ("language", "EN-gb", "en-GB"),
        ("language", "es-419", "es-419"),
        ("language", "cmn-Hans-cn", "cmn-Hans-CN"),
        ("voice", "kore", "Kore"),
        ("voice", "PUCK", "Puck"),
        ("voice", "voice_abc123def456", "voice_abc123def456"),
    ],
)
async def test_languages_and_voices_are_spelt_as_google_does(
    fake: FakeGoogle, speaker: AdapterHarness, name: str, given: str, sent: str
) -> None:
    await speaker.generate(prompt="Hi.", **{name: given})
    [config] = fake.bodies(CREATE)[0]["generation_config"]["speech_config"]
    assert config == {"voice": "Kore", name: sent}


@pytest.mark.parametrize(("output_format", "mime"), [("mp3", "audio/mpeg"), ("wav", "audio/wav"), ("ogg", "audio/ogg")])
async def test_the_file_has_the_format_that_was_asked_for(
    speaker: AdapterHarness, output_format: str, mime: str
) -> None:
    output = await one_output(speaker, prompt="Good morning.", output_format=output_format)
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
async def test_samples_get_a_header_with_the_rate_of_their_type(
    fake: FakeGoogle, speaker: AdapterHarness, mime: str, beside: Mapping[str, object], shape: tuple[int, int]
) -> None:
    data = base64.b64encode(SAMPLES).decode()
    fake.script(CREATE, interaction(steps=[output_step(type="audio", mime_type=mime, data=data, **beside)]))
    output = await one_output(speaker, prompt="Good morning.", output_format="wav")
    assert isinstance(output.body, bytes)
    with wave.open(io.BytesIO(output.body)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (*shape, 2)
        assert sound.readframes(10_000) == SAMPLES


@pytest.mark.parametrize("block", [{"mime_type": "audio/weird", "data": "AAAA"}, {"mime_type": "audio/l16"}], ids=str)
async def test_what_is_not_sound_cannot_be_read(
    fake: FakeGoogle, speaker: AdapterHarness, block: Mapping[str, object]
) -> None:
    fake.script(CREATE, interaction(steps=[output_step(type="audio", **block)]))
    assert type(await speaker.failure_of(prompt="Good morning.")) is ProviderError


async def test_a_voice_that_does_not_exist_costs_nothing(speaker: AdapterHarness) -> None:
    error = await speaker.failure_of(prompt="Good morning.", voice="Nobody")
    assert (type(error), error.billed) == (InvalidRequest, "no")
    assert "Nobody" in str(error)


async def test_a_text_that_is_declined_is_refused(fake: FakeGoogle, speaker: AdapterHarness) -> None:
    fake.script(CREATE, interaction(errors=[{"code": "prohibited_content", "message": "No."}]))
    assert isinstance(await speaker.failure_of(prompt="Good morning."), Refused)


async def test_the_voices_of_the_account_are_listed(fake: FakeGoogle, gemini: Google) -> None:
    for capability, name in ((speech, "voice"), (dialogue, "voices")):
        listed = await capability.choices[name](gemini)
        assert {"Kore", "Puck", "voice_abc123def456"} <= {*listed}
    assert fake.counts() == {"GET /v1/voices": 2}


# Dialogue


async def test_each_line_is_sent_with_its_speaker(fake: FakeGoogle, speakers: AdapterHarness) -> None:
    given: dict[str, Any] = {
        "prompt": LINES,
        "voices": ("Ben=Orus",),
        "language": "en",
        "instructions": "cheerful",
        "output_format": "ogg",
    }
    assert not dialogue.refuses(speakers.call(**given))
    assert (await one_output(speakers, **given)).mime == "audio/ogg"
    [body] = fake.bodies(CREATE)

    def line(speaker: str, text: str) -> object:
        metadata = {"type": "speech_metadata", "speaker": speaker, "style": "cheerful"}
        return {"type": "text", "text": text, "annotations": [metadata]}

    assert body["input"][0]["content"] == [
        line("Anna", "Good morning."),
        line("Ben", "Hello.\nHow are you?"),
        line("Anna", "Well: and you?"),
    ]
    assert body["generation_config"]["speech_config"] == {
        "speakers": [
            {"speaker": "Anna", "voice": "Kore", "language": "en"},
            {"speaker": "Ben", "voice": "Orus", "language": "en"},
        ]
    }
    assert fake.paid() == 1


@pytest.mark.parametrize(
    ("given", "sent"),
    [(("Anna=kore", "Ben = PUCK"), ["Kore", "Puck"]), (("Ben=kore",), ["Puck", "Kore"])],
)
async def test_no_two_speakers_share_a_voice_by_default_whatever_its_case(
    fake: FakeGoogle, speakers: AdapterHarness, given: tuple[str, ...], sent: list[str]
) -> None:
    await speakers.generate(prompt=LINES, voices=given)
    configs = fake.bodies(CREATE)[0]["generation_config"]["speech_config"]["speakers"]
    assert [config["voice"] for config in configs] == sent


@pytest.mark.parametrize(
    ("prompt", "voices", "reason"),
    [
        ("Good morning.", (), "starts with the speaker's name"),
        ("Anna: Good morning.", (), "this one has 1"),
        ("Anna: Hi.\nBen: Hi.\nCara: Hi.", (), "this one has 3: Anna, Ben, Cara"),
        ("Anna: Hi.\nBen: Hi.", ("Kore",), "Name=voice"),
        ("Anna: Hi.\nBen: Hi.", ("Cara=Kore",), "Anna, Ben"),
        ("Anna: Hi.\nBen: Hi.", ("Anna=",), "Name=voice"),
    ],
)
async def test_what_is_not_a_dialogue_of_two_is_refused_before_it_is_sent(
    speakers: AdapterHarness, prompt: str, voices: tuple[str, ...], reason: str
) -> None:
    assert reason in dialogue.refuses(speakers.call(prompt=prompt, voices=voices))


# Music


@pytest.mark.parametrize("model", music.models, ids=lambda model: model.id)
async def test_music_comes_with_its_lyrics(fake: FakeGoogle, gemini: Google, model: Any) -> None:
    result = await AdapterHarness(backend, gemini, music).generate(prompt="a waltz", model=model)
    [output] = result.outputs
    assert output.mime == "audio/mpeg"
    assert "[Chorus]" in str(result.details["text"])
    assert fake.bodies(CREATE) == [{"model": model.id, "input": "a waltz", "store": False}]
    assert fake.counts() == {CREATE: 1}
