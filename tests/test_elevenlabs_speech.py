"""Speech and dialogue by ElevenLabs: what goes out, how long texts become one file, and what goes on from it."""

from __future__ import annotations

import io
from collections.abc import AsyncGenerator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest

from fakes.elevenlabs import KEY, FakeElevenLabs, running
from fakes.elevenlabs.catalogue import GEORGE, HOUSE, ROGER, SARAH
from fakes.elevenlabs.errors import scripted
from fakes.elevenlabs.hearing import voices_in
from fakes.engines import edited, opened
from fakes.engines import made as generated
from fakes.trying import failure, made
from mediasmith.plugin.contract import JSON, Capability, Output, Request, Result
from mediasmith.plugin.errors import (
    ModelGone,
    OutOfCredit,
    ProviderError,
    RateLimited,
    Refused,
    StateGone,
    TimedOut,
    Unreachable,
    Unsuitable,
)
from mediasmith.plugin.media import sniff
from mediasmith.testing import AdapterHarness, MemorySource, signed_in
from mediasmith.testing.doubles import MemorySink
from mediasmith_backends.elevenlabs import answers, backend, models
from mediasmith_backends.elevenlabs.client import ElevenLabs
from mediasmith_backends.elevenlabs.dialogue import dialogue
from mediasmith_backends.elevenlabs.speech import speech
from mediasmith_backends.elevenlabs.voices import CAST

SPOKEN = "POST /v1/text-to-speech/{voice_id}"
TALKED = "POST /v1/text-to-dialogue"
LETTERS = 400  # a second, as the fake speaks

SENTENCES = " ".join(f"This is sentence number {number}, and it says no more than that." for number in range(210))
FEW = " ".join(f"This is number {number}, and it says no more than that." for number in range(48))
WORDS = " ".join(f"word{number:04}" for number in range(1400))

PROVIDER = running


@pytest.fixture
async def hands(fake: FakeElevenLabs) -> AsyncGenerator[AdapterHarness]:
    async with signed_in(backend, fake.url, KEY) as hands:
        yield hands


def ask(
    hands: AdapterHarness,
    prompt: str,
    model: str = "eleven_v4",
    state: JSON = None,
    capability: Capability[ElevenLabs, Any] = speech,
    **params: Any,
) -> Request[Any]:
    hands.capability = capability
    [chosen] = [one for one in capability.models if one.id == model]
    return Request(model=chosen, prompt=prompt, params=capability.params.model_validate(params), inputs={}, state=state)


def content(output: Output) -> bytes:
    if isinstance(output.body, MemorySink):
        return output.body.data
    assert isinstance(output.body, bytes)
    return output.body


def sound(result: Result) -> bytes:
    [output] = result.outputs
    return content(output)


def seconds(data: bytes) -> float:
    """How long it plays. Every frame of it is decoded, which fails for one that is broken."""
    samples = 0
    with av.open(io.BytesIO(data), "r", metadata_errors="ignore") as container:
        rate = container.streams.audio[0].rate
        for frame in container.decode(audio=0):
            samples += frame.samples
    return samples / rate


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests take 500 characters, so that a text is long sooner."""
    monkeypatch.setattr(models, "_LONGEST", {})
    monkeypatch.setattr(models, "_LONGEST_USUALLY", 500)


def said(fake: FakeElevenLabs) -> list[str]:
    return [body["text"] for body in fake.bodies(SPOKEN)]


# One piece


async def test_words_are_said_by_the_voice_as_they_stand(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    result = await made(hands, ask(hands, "Good morning.", voice=SARAH.id, seed=7, language="de", stability=0.3))
    assert fake.bodies(SPOKEN) == [
        {
            "text": "Good morning.",
            "model_id": "eleven_v4",
            "seed": 7,
            "language_code": "de",
            "voice_settings": {"stability": 0.3},
        }
    ]
    assert fake.log()[-1]["path"] == f"/v1/text-to-speech/{SARAH.id}?output_format=mp3_44100_128"
    [output] = result.outputs
    assert output.body is hands.sink, "it was not streamed into the server's file"
    assert output.mime == sniff(content(output)) == "audio/mpeg"
    assert voices_in(content(output)) == [SARAH.hertz]
    assert hands.warnings == []


async def test_nothing_is_sent_that_nobody_asked_for(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    result = await made(hands, ask(hands, "Good morning."))
    assert fake.bodies(SPOKEN) == [{"text": "Good morning.", "model_id": "eleven_v4"}]
    assert voices_in(sound(result)) == [GEORGE.hertz]
    assert fake.counts() == {SPOKEN: 1}


async def test_the_result_tells_the_voice_the_request_and_what_was_charged(hands: AdapterHarness) -> None:
    result = await made(hands, ask(hands, "Good morning."))
    state: Any = result.outputs[0].state
    assert result.details == {"voice_id": GEORGE.id, "request_id": state["requests"][0], "characters": 13}
    assert result.cost_usd is None


async def test_settings_that_only_some_models_have(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    given: Mapping[str, Any] = {"speed": 0.8, "style": 0.5, "similarity": 1, "text_normalisation": "off"}
    await made(hands, ask(hands, "Hello.", "eleven_multilingual_v2", **given))
    [body] = fake.bodies(SPOKEN)
    assert body["voice_settings"] == {"speed": 0.8, "style": 0.5, "similarity_boost": 1.0}
    assert body["apply_text_normalization"] == "off"


@pytest.mark.usefixtures("short")
async def test_how_to_say_it_stands_in_brackets_before_each_piece(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    await made(hands, ask(hands, FEW, instructions="whispering"))
    assert len(said(fake)) > 1
    assert all(text.startswith("[whispering] This is") and len(text) <= 500 for text in said(fake))


async def test_a_region_that_is_left_out_is_told(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    await made(hands, ask(hands, "Servus.", language="de-AT"))
    assert fake.bodies(SPOKEN)[0]["language_code"] == "de"
    assert "language" in hands.warnings[0]
    assert "de-AT" in hands.warnings[0]


@pytest.mark.parametrize(
    ("given", "code", "codec"),
    [
        ({"output_format": "mp3", "bitrate": 64}, "mp3_44100_64", "mp3float"),
        ({"output_format": "mp3", "sample_rate": 22050}, "mp3_22050_32", "mp3float"),
        ({"output_format": "ogg"}, "opus_48000_128", "opus"),
        ({"output_format": "wav"}, "pcm_24000", "pcm_s16le"),
        ({"output_format": "wav", "sample_rate": 16000}, "pcm_16000", "pcm_s16le"),
        ({"output_format": "ulaw"}, "ulaw_8000", "pcm_mulaw"),
        ({"output_format": "alaw"}, "alaw_8000", "pcm_alaw"),
    ],
)
async def test_each_format_is_what_it_says(
    fake: FakeElevenLabs, hands: AdapterHarness, given: Mapping[str, Any], code: str, codec: str
) -> None:
    result = await made(hands, ask(hands, "Good morning to all of you, wherever you are." * 5, **given))
    assert fake.log()[-1]["path"].endswith(f"?output_format={code}")
    data = sound(result)
    assert result.outputs[0].mime == sniff(data)
    with av.open(io.BytesIO(data), "r", metadata_errors="ignore") as container:
        assert container.streams.audio[0].codec_context.name == codec
    assert seconds(data) == pytest.approx(45 * 5 / LETTERS, abs=0.1)
    assert voices_in(data) == [GEORGE.hertz]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"output_format": "mp3", "bitrate": 320}, "makes mp3 with sample_rate 44100 and bitrate 32, 64, 96, 128, 192"),
        ({"output_format": "wav", "bitrate": 64}, "makes wav with sample_rate 24000; sample_rate 48000"),
        ({"output_format": "ulaw", "sample_rate": 16000}, "makes ulaw with sample_rate 8000"),
    ],
)
async def test_a_form_that_there_is_not_is_told_before_it_is_sent(
    hands: AdapterHarness, given: Mapping[str, Any], why: str
) -> None:
    assert why in speech.refuses(ask(hands, "Hello.", **given))


# Several pieces


@pytest.mark.parametrize("form", ["mp3", "wav", "ogg", "ulaw"])
@pytest.mark.usefixtures("short")
async def test_a_long_text_becomes_one_file_cut_between_sentences(
    fake: FakeElevenLabs, hands: AdapterHarness, form: str
) -> None:
    result = await made(hands, ask(hands, FEW, output_format=form))
    texts = said(fake)
    assert len(texts) == 5
    assert all(text.endswith(".") for text in texts)
    assert " ".join(texts) == FEW
    data = sound(result)
    assert seconds(data) == pytest.approx(sum(len(text) for text in texts) / LETTERS, abs=0.1)
    assert voices_in(data) == [GEORGE.hertz]
    assert data.count(b"Info") + data.count(b"Xing") + data.count(b"ID3") <= 2
    assert result.complete
    assert hands.warnings == []


@pytest.mark.parametrize("text", [SENTENCES, WORDS], ids=["sentences", "words alone"])
async def test_twelve_thousand_characters_become_one_mp3(
    fake: FakeElevenLabs, hands: AdapterHarness, text: str
) -> None:
    assert len(text) > 12_000
    data = sound(await made(hands, ask(hands, text)))
    assert " ".join(said(fake)) == text
    assert len(said(fake)[0]) > 9_900
    assert seconds(data) == pytest.approx((len(text) - 1) / LETTERS, abs=0.1)


@pytest.mark.usefixtures("short")
async def test_each_piece_is_told_of_those_around_it(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    result = await made(hands, ask(hands, FEW, "eleven_multilingual_v2"))
    bodies = fake.bodies(SPOKEN)
    told = [body.get("previous_request_ids", []) for body in bodies]
    assert [len(ids) for ids in told] == [0, 1, 2, 3, 3]
    assert told[-1][:2] == told[-2][-2:], "the ids are not those of the last requests in their order"
    for body, following in pairwise(bodies):
        assert following["text"].startswith(body["next_text"])
    assert "next_text" not in bodies[-1]
    assert result.details["characters"] == sum(len(body["text"]) for body in bodies)


@pytest.mark.usefixtures("short")
async def test_progress_is_told_piece_by_piece(hands: AdapterHarness) -> None:
    await made(hands, ask(hands, FEW))
    assert [report.progress for report in hands.reports] == [0.2, 0.4, 0.6, 0.8, 1.0]


@pytest.mark.usefixtures("short")
async def test_a_model_that_is_told_nothing_of_others_is_told_nothing(
    fake: FakeElevenLabs, hands: AdapterHarness
) -> None:
    await made(hands, ask(hands, FEW, "eleven_v3"))
    assert [set(body) for body in fake.bodies(SPOKEN)] == [{"text", "model_id"}] * 5


@pytest.mark.usefixtures("short")
async def test_ids_that_a_model_does_not_take_give_way_to_words(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    fake.settings(unlinked=["eleven_v4"])
    result = await made(hands, ask(hands, FEW))
    answered = [entry for entry in fake.log() if entry["status"] == 200]
    tried = [entry for entry in fake.log() if entry["status"] == 400]
    assert len(tried) == 1, "it was asked again what it does not take"
    assert all("previous_text" in entry["body"] for entry in answered[1:])
    assert answered[0]["body"]["text"].endswith(answered[1]["body"]["previous_text"])
    assert len(answered[1]["body"]["previous_text"]) <= 500
    assert result.complete
    assert hands.warnings == []


@pytest.mark.usefixtures("short")
async def test_what_was_paid_for_is_kept_when_a_later_piece_fails(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    fake.settings(credits=1_100)
    result = await made(hands, ask(hands, FEW))
    *done, missing = said(fake)
    spoken = sum(map(len, done))
    assert not result.complete
    assert seconds(sound(result)) == pytest.approx(spoken / LETTERS, abs=0.1)
    assert result.details["characters"] == spoken
    [warning] = hands.warnings
    assert "first 2 of 5 parts" in warning
    assert "no credit" in warning
    assert missing[:60] in warning


@pytest.mark.usefixtures("short")
async def test_a_first_piece_that_fails_is_a_failure(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    fake.settings(credits=10)
    assert isinstance(await failure(hands, ask(hands, FEW)), OutOfCredit)
    assert fake.paid() == 1
    assert hands.warnings == []


async def test_samples_are_not_made_of_what_is_none(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    fake.script(SPOKEN, {"html": True, "status": 200})
    assert isinstance(await failure(hands, ask(hands, "Hello.", output_format="wav")), ProviderError)


@pytest.mark.usefixtures("short")
async def test_pieces_that_cannot_be_joined_are_files_of_their_own(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    fake.script(SPOKEN, {}, {"body": {"this": "is no sound"}, "headers": {"content-type": "audio/mpeg"}})
    result = await made(hands, ask(hands, FEW[:600]))
    assert [sniff(content(output)) for output in result.outputs] == ["audio/mpeg", ""]
    assert "could not be joined" in hands.warnings[0]


# What goes on from it


async def on(hands: AdapterHarness, state: JSON, **given: Any) -> Result:
    return await made(hands, ask(hands, "And it goes on.", state=state, **given))


async def test_what_goes_on_is_said_by_the_same_voice_and_told_what_came_before(
    fake: FakeElevenLabs, hands: AdapterHarness
) -> None:
    first = await made(hands, ask(hands, "Once upon a time.", voice=ROGER.id))
    earlier: Any = first.outputs[0].state
    second = await on(hands, earlier)
    assert voices_in(sound(second)) == [ROGER.hertz]
    assert fake.bodies(SPOKEN)[-1]["previous_request_ids"] == list(earlier["requests"])
    later: Any = second.outputs[0].state
    assert later["said"] == "Once upon a time. And it goes on."
    assert [*later["requests"]][:1] == [*earlier["requests"]]
    assert hands.warnings == []


async def test_another_voice_can_go_on(hands: AdapterHarness) -> None:
    first = await made(hands, ask(hands, "Once upon a time.", voice=ROGER.id))
    second = await on(hands, first.outputs[0].state, voice=SARAH.id)
    assert voices_in(sound(second)) == [SARAH.hertz]
    third = await on(hands, second.outputs[0].state, voice=SARAH.id)
    assert voices_in(sound(third)) == [SARAH.hertz]


async def test_the_voice_stays_when_its_name_has_become_anothers(fake: FakeElevenLabs, tmp_path: Path) -> None:
    async with opened(tmp_path, backend, env=fake.env()) as engine:
        first = await generated(engine, "Once upon a time.", kind="speech", voice="Sarah", backend="elevenlabs")
    sample = MemorySource(mime="audio/wav")
    async with signed_in(backend, fake.url, KEY) as hands:
        await hands.client.sdk.voices.ivc.create(name="Sarah", files=[(sample.name, sample.data, sample.mime)])
    async with opened(tmp_path, backend, env=fake.env()) as engine:
        second = await edited(engine, first.continuation_id, "And it goes on.")
        third = await edited(engine, second.continuation_id, "And on.", voice="Sarah")
        other = await edited(engine, second.continuation_id, "And on.", voice="Roger")
    assert [made.details["voice_id"] for made in (first, second, third, other)] == [SARAH.id] * 3 + [ROGER.id]


@pytest.mark.parametrize(("voice", "speaks"), [(None, ROGER), ("Sarah", SARAH)])
async def test_what_was_said_before_names_were_kept_goes_on(
    hands: AdapterHarness, voice: str | None, speaks: Any
) -> None:
    state: JSON = {"voice": ROGER.id, "requests": [], "said": "Once upon a time."}
    assert voices_in(sound(await on(hands, state, voice=voice))) == [speaks.hertz]


async def test_requests_that_are_forgotten_give_way_to_their_text(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    first = await made(hands, ask(hands, "Once upon a time."))
    state: Any = first.outputs[0].state
    fake.expire(state["requests"][0])
    second = await on(hands, state)
    assert fake.bodies(SPOKEN)[-1]["previous_text"] == "Once upon a time."
    assert "text was sent in their place" in hands.warnings[0]
    assert second.complete


@pytest.mark.usefixtures("short")
async def test_pieces_that_go_on_from_forgotten_requests_are_told_of_each_other(
    fake: FakeElevenLabs, hands: AdapterHarness
) -> None:
    first = await made(hands, ask(hands, "Once upon a time."))
    state: Any = first.outputs[0].state
    fake.expire(state["requests"][0])
    await made(hands, ask(hands, FEW[:600], state=state))
    assert len(fake.bodies(SPOKEN)[-1]["previous_request_ids"]) == 1


async def test_a_model_that_cannot_be_told_what_came_before_says_so(hands: AdapterHarness) -> None:
    first = await made(hands, ask(hands, "Once upon a time.", "eleven_v3", voice=ROGER.id))
    second = await on(hands, first.outputs[0].state, model="eleven_v3")
    assert "only the voice is the same" in hands.warnings[0]
    assert voices_in(sound(second)) == [ROGER.hertz]


@pytest.mark.parametrize("state", [{"of": "another version"}, "text", 7, []])
async def test_what_cannot_be_gone_on_from_is_told_before_paying(
    fake: FakeElevenLabs, hands: AdapterHarness, state: JSON
) -> None:
    assert isinstance(await failure(hands, ask(hands, "On.", state=state)), StateGone)
    assert fake.paid() == 0


# What goes wrong


@pytest.mark.parametrize(
    ("answer", "kind", "billed"),
    [
        (scripted(429, "too_many_concurrent_requests"), RateLimited, "no"),
        (scripted(429, "system_busy"), RateLimited, "no"),
        (scripted(401, "quota_exceeded"), OutOfCredit, "no"),
        ({"status": 500, "body": {"detail": "Oh no."}}, ProviderError, None),
        ({"truncate": True}, Unreachable, None),
        ({"reset": True}, Unreachable, None),
        ({"garbage": True}, Unreachable, None),
        ({"html": True, "status": 502}, ProviderError, None),
        ({"status": 307, "headers": {"location": "http://127.0.0.1:9/"}}, ProviderError, None),
    ],
)
async def test_what_the_provider_says_is_told_and_sent_once(
    fake: FakeElevenLabs, hands: AdapterHarness, answer: Mapping[str, object], kind: type[Exception], billed: str | None
) -> None:
    fake.script(SPOKEN, answer)
    error = await failure(hands, ask(hands, "Hello."))
    assert isinstance(error, kind)
    assert error.billed == billed
    assert fake.paid() == 1


async def test_an_answer_that_drips_ends_some_time(
    fake: FakeElevenLabs, hands: AdapterHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "_ANSWER_SECONDS", 0.2)
    fake.script(SPOKEN, {"drip": True})
    error = await failure(hands, ask(hands, "Hello."))
    assert isinstance(error, TimedOut)
    assert error.billed is None


async def test_words_against_the_rules_are_a_refusal(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    error = await failure(hands, ask(hands, "a forbidden thing"))
    assert isinstance(error, Refused)
    assert error.billed == "no"


async def test_a_model_the_account_has_not_is_told_once(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    fake.settings(retired=["eleven_v4"])
    error = await failure(hands, ask(hands, "Hello."))
    assert isinstance(error, ModelGone)
    assert fake.paid() == 1


async def test_a_format_that_the_plan_has_not_is_told(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    fake.settings(plan="free")
    error = await failure(hands, ask(hands, "Hello.", bitrate=192))
    assert isinstance(error, Unsuitable)
    assert "Creator" in str(error)


# Dialogue

LINES = "Anna: Good morning.\nBen: Hello.\n\nHow are you?\nAnna:  Well: and you?\nBen: Well."


def talk(hands: AdapterHarness, prompt: str = LINES, model: str = "eleven_v4", **params: Any) -> Request[Any]:
    return ask(hands, prompt, model, capability=dialogue, **params)


async def test_each_line_is_said_by_the_voice_of_its_speaker(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    given: Mapping[str, Any] = {"voices": ("Ben=Roger",), "language": "en", "seed": 3, "stability": 0.5}
    assert not dialogue.refuses(talk(hands, **given))
    result = await made(hands, talk(hands, **given))
    assert fake.bodies(TALKED) == [
        {
            "inputs": [
                {"text": "Good morning.", "voice_id": GEORGE.id},
                {"text": "Hello.\nHow are you?", "voice_id": ROGER.id},
                {"text": "Well: and you?", "voice_id": GEORGE.id},
                {"text": "Well.", "voice_id": ROGER.id},
            ],
            "model_id": "eleven_v4",
            "language_code": "en",
            "settings": {"stability": 0.5},
            "seed": 3,
        }
    ]
    assert voices_in(sound(result)) == [GEORGE.hertz, ROGER.hertz, GEORGE.hertz, ROGER.hertz]
    assert result.details["voices"] == {"Anna": GEORGE.id, "Ben": ROGER.id}


def turns(number: int, text: str) -> str:
    return "\n".join(f"{'AB'[turn % 2]}: {text}" for turn in range(number))


async def test_a_long_dialogue_is_cut_between_its_lines(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    line = "Something is said that takes its time. " * 10
    result = await made(hands, talk(hands, turns(12, line), output_format="mp3"))
    sizes = [sum(len(turn["text"]) for turn in body["inputs"]) for body in fake.bodies(TALKED)]
    assert len(sizes) == 3
    assert max(sizes) <= 2000
    assert sum(sizes) == 12 * len(line.strip())
    assert seconds(sound(result)) == pytest.approx(sum(sizes) / LETTERS, abs=0.1)


async def test_a_line_longer_than_any_request_is_cut_within(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    await made(hands, talk(hands, f"A: {SENTENCES[:3000]}\nB: Yes."))
    one, other = fake.bodies(TALKED)
    assert [turn["voice_id"] for turn in (*one["inputs"], *other["inputs"])] == [CAST[0], CAST[0], CAST[1]]


@pytest.mark.parametrize(
    ("prompt", "given", "why"),
    [
        ("Good morning.", (), "starts with the speaker's name"),
        ("Anna: Hi.\nBen: Hi.", ("Roger",), "Name=voice"),
        ("\n".join(f"S{n}: Hi." for n in range(11)), tuple(f"S{n}=V{n}" for n in range(11)), "at most 10 voices"),
    ],
)
async def test_what_is_no_dialogue_is_told_before_it_is_sent(
    hands: AdapterHarness, prompt: str, given: tuple[str, ...], why: str
) -> None:
    assert why in dialogue.refuses(talk(hands, prompt, voices=given))


async def test_twelve_speakers_share_ten_voices(hands: AdapterHarness) -> None:
    prompt = "\n".join(f"S{n}: Hello to everybody who is here." for n in range(12))
    assert not dialogue.refuses(talk(hands, prompt))
    voices: Any = (await made(hands, talk(hands, prompt))).details["voices"]
    assert len(set(voices.values())) == 10
    assert set(voices.values()) <= set(HOUSE)


async def test_a_speaker_without_such_a_voice_costs_nothing(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    error = await failure(hands, talk(hands, voices=("Ben=Nobody",)))
    assert "Nobody" in str(error)
    assert fake.paid() == 0


async def test_both_models_talk(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    for model in dialogue.models:
        await made(hands, talk(hands, model=model.id, stability=1.0))
    assert [body["model_id"] for body in fake.bodies(TALKED)] == ["eleven_v4", "eleven_v3"]
