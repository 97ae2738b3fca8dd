"""Speech by ElevenLabs: what is sent, how a long text becomes one file, and what continues it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from fakes.elevenlabs import KEY, FakeElevenLabs
from fakes.elevenlabs.audio import CHARACTERS_A_SECOND
from fakes.elevenlabs.errors import scripted
from fakes.elevenlabs.media import audio_of, codec, content, seconds
from fakes.elevenlabs.state import GEORGE, ROGER, SARAH
from fakes.engines import continue_edit, generate, running_engine
from mediasmith.plugin.errors import (
    ModelGone,
    NotPermitted,
    NotServed,
    OutOfCredit,
    ProviderError,
    RateLimited,
    Refused,
    TimedOut,
    Unreachable,
)
from mediasmith.plugin.media import sniff
from mediasmith.testing import AdapterHarness, MemorySource, signed_in
from mediasmith_backends.elevenlabs import audio_stream, backend, models
from mediasmith_backends.elevenlabs.speech import SpeechState, speech

CAPABILITY = speech

SPEAK = "POST /v1/text-to-speech/{voice_id}"
MODELS = {model.id: model for model in speech.models}
FEW = " ".join(f"This is number {number}, and it says no more than that." for number in range(48))
TALE = "Once upon a time."


@pytest.fixture
def short_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a request take 500 characters, so that a text is long sooner."""
    monkeypatch.setattr(models, "_MAX_CHARACTERS", {})
    monkeypatch.setattr(models, "_DEFAULT_MAX_CHARACTERS", 500)


def texts(fake: FakeElevenLabs) -> list[str]:
    return [body["text"] for body in fake.bodies(SPEAK)]


def speakers(fake: FakeElevenLabs) -> list[str]:
    return [entry["path"].split("/")[3].partition("?")[0] for entry in fake.log() if "to-speech" in entry["path"]]


async def state_after(adapter: AdapterHarness, **params: Any) -> SpeechState:
    """Return the state of a text that can be continued."""
    [output] = (await adapter.generate(prompt=TALE, **params)).outputs
    assert isinstance(output.state, SpeechState)
    return output.state


# One request


async def test_the_text_is_spoken_by_the_voice_as_the_parameters_say(
    fake: FakeElevenLabs, adapter: AdapterHarness
) -> None:
    result = await adapter.generate(prompt="Good morning.", voice=SARAH, seed=7, language="de", stability=0.3)
    assert fake.bodies(SPEAK) == [
        {
            "text": "Good morning.",
            "model_id": "eleven_v4",
            "seed": 7,
            "language_code": "de",
            "voice_settings": {"stability": 0.3},
        }
    ]
    assert fake.log()[-1]["path"] == f"/v1/text-to-speech/{SARAH}?output_format=mp3_44100_128"
    [output] = result.outputs
    assert output.body is adapter.sink, "it was not streamed into the server's file"
    assert output.mime == sniff(content(output)) == "audio/mpeg"
    assert adapter.warnings == []


async def test_only_given_parameters_are_sent(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    await adapter.generate(prompt="Good morning.")
    assert fake.bodies(SPEAK) == [{"text": "Good morning.", "model_id": "eleven_v4"}]
    assert speakers(fake) == [GEORGE]
    assert fake.counts() == {SPEAK: 1}


async def test_settings_of_some_models_are_sent(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    params: Mapping[str, Any] = {"speed": 0.8, "style": 0.5, "similarity": 1, "text_normalisation": "off"}
    await adapter.generate(prompt="Hello.", model=MODELS["eleven_multilingual_v2"], **params)
    [body] = fake.bodies(SPEAK)
    assert body["voice_settings"] == {"speed": 0.8, "style": 0.5, "similarity_boost": 1.0}
    assert body["apply_text_normalization"] == "off"


async def test_the_result_has_the_voice_the_request_and_its_cost(adapter: AdapterHarness) -> None:
    result = await adapter.generate(prompt="Good morning.")
    [output] = result.outputs
    assert isinstance(output.state, SpeechState)
    assert result.details == {"voice_id": GEORGE, "request_id": output.state.requests[0], "characters": 13}
    assert result.cost_usd is None


async def test_a_region_is_dropped_with_a_warning(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    await adapter.generate(prompt="Servus.", language="de-AT")
    assert fake.bodies(SPEAK)[0]["language_code"] == "de"
    [warning] = adapter.warnings
    assert "language" in warning
    assert "de-AT" in warning


@pytest.mark.parametrize(
    ("params", "code", "codec_name"),
    [
        ({"output_format": "mp3", "bitrate": 64}, "mp3_44100_64", "mp3float"),
        ({"output_format": "mp3", "sample_rate": 22050}, "mp3_22050_32", "mp3float"),
        ({"output_format": "ogg"}, "opus_48000_128", "opus"),
        ({"output_format": "wav"}, "pcm_24000", "pcm_s16le"),
        ({"output_format": "wav", "sample_rate": 16000}, "pcm_16000", "pcm_s16le"),
        ({"output_format": "ulaw"}, "ulaw_8000", "pcm_mulaw"),
        ({"output_format": "alaw"}, "alaw_8000", "pcm_alaw"),
    ],
    ids=str,
)
async def test_every_format_is_requested_by_its_code_and_plays(
    fake: FakeElevenLabs, adapter: AdapterHarness, params: Mapping[str, Any], code: str, codec_name: str
) -> None:
    result = await adapter.generate(prompt="Good morning.", **params)
    assert fake.log()[-1]["path"].endswith(f"?output_format={code}")
    data = audio_of(result)
    assert result.outputs[0].mime == sniff(data)
    assert codec(data) == codec_name
    assert seconds(data) == pytest.approx(0.25, abs=0.1)


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"output_format": "mp3", "bitrate": 320}, "makes mp3 with sample_rate 44100 and bitrate 32, 64, 96, 128, 192"),
        ({"output_format": "wav", "bitrate": 64}, "makes wav with sample_rate 24000; sample_rate 48000"),
        ({"output_format": "ulaw", "sample_rate": 16000}, "makes ulaw with sample_rate 8000"),
    ],
    ids=str,
)
async def test_a_format_that_does_not_exist_is_refused(
    adapter: AdapterHarness, params: Mapping[str, Any], reason: str
) -> None:
    assert reason in speech.refuses(adapter.call(**params))


# Several requests


@pytest.mark.parametrize("output_format", ["mp3", "wav", "ogg", "ulaw"])
@pytest.mark.usefixtures("short_requests")
async def test_a_long_text_becomes_one_file_cut_between_sentences(
    fake: FakeElevenLabs, adapter: AdapterHarness, output_format: str
) -> None:
    result = await adapter.generate(prompt=FEW, output_format=output_format)
    sent = texts(fake)
    assert len(sent) == 5
    assert all(text.endswith(".") for text in sent)
    assert " ".join(sent) == FEW
    data = audio_of(result)
    assert seconds(data) == pytest.approx(5 * 0.25, abs=0.1)
    assert data.count(b"Info") + data.count(b"Xing") + data.count(b"ID3") <= 2
    assert result.complete
    assert adapter.warnings == []


@pytest.mark.parametrize("word", ["This is a sentence. ", "word "])
async def test_a_text_is_cut_at_what_a_model_takes(fake: FakeElevenLabs, adapter: AdapterHarness, word: str) -> None:
    text = (word * 3000)[:12_000].strip()
    result = await adapter.generate(prompt=text)
    first, rest = texts(fake)
    assert f"{first} {rest}" == text
    assert len(first) > 9_900
    assert seconds(audio_of(result)) == pytest.approx((len(text) - 1) / CHARACTERS_A_SECOND, abs=0.1)


@pytest.mark.usefixtures("short_requests")
async def test_instructions_are_a_tag_before_each_part(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    await adapter.generate(prompt=FEW, instructions="whispering")
    assert len(texts(fake)) > 1
    assert all(text.startswith("[whispering] This is") and len(text) <= 500 for text in texts(fake))


@pytest.mark.usefixtures("short_requests")
async def test_each_part_names_those_around_it(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    result = await adapter.generate(prompt=FEW, model=MODELS["eleven_multilingual_v2"])
    bodies = fake.bodies(SPEAK)
    previous = [body.get("previous_request_ids", []) for body in bodies]
    assert [len(ids) for ids in previous] == [0, 1, 2, 3, 3]
    assert previous[-1][:2] == previous[-2][-2:], "the ids are not those of the last requests in their order"
    for body, following in pairwise(bodies):
        assert following["text"].startswith(body["next_text"])
    assert "next_text" not in bodies[-1]
    assert result.details["characters"] == sum(len(body["text"]) for body in bodies)
    assert [report.progress for report in adapter.reports] == [0.2, 0.4, 0.6, 0.8, 1.0]


@pytest.mark.usefixtures("short_requests")
async def test_a_model_without_context_gets_none(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    await adapter.generate(prompt=FEW, model=MODELS["eleven_v3"])
    assert [set(body) for body in fake.bodies(SPEAK)] == [{"text", "model_id"}] * 5


@pytest.mark.usefixtures("short_requests")
async def test_a_model_that_takes_no_ids_gets_the_text_before(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    fake.settings(unlinked=["eleven_v4"])
    result = await adapter.generate(prompt=FEW)
    accepted = [entry["body"] for entry in fake.log() if entry["status"] == 200]
    assert [entry["status"] for entry in fake.log()].count(400) == 1, "it was asked again what it does not take"
    assert all("previous_text" in body for body in accepted[1:])
    assert accepted[0]["text"].endswith(accepted[1]["previous_text"])
    assert len(accepted[1]["previous_text"]) <= 500
    assert result.complete
    assert adapter.warnings == []


@pytest.mark.usefixtures("short_requests")
async def test_what_was_paid_for_is_kept_when_a_later_part_fails(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    fake.settings(credits=1_100)
    result = await adapter.generate(prompt=FEW)
    *spoken, missing = texts(fake)
    assert not result.complete
    assert seconds(audio_of(result)) == pytest.approx(2 * 0.25, abs=0.1)
    assert result.details["characters"] == sum(map(len, spoken))
    [warning] = adapter.warnings
    assert "first 2 of 5 parts" in warning
    assert "no credit" in warning
    assert missing[:60] in warning


@pytest.mark.usefixtures("short_requests")
async def test_nothing_is_kept_when_the_first_part_fails(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    fake.settings(credits=10)
    assert isinstance(await adapter.failure_of(prompt=FEW), OutOfCredit)
    assert fake.paid() == 1
    assert adapter.warnings == []


@pytest.mark.usefixtures("short_requests")
async def test_parts_that_cannot_be_joined_are_files_of_their_own(
    adapter: AdapterHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_given: object) -> bytes:
        raise ValueError("They differ.")

    monkeypatch.setattr("mediasmith_backends.elevenlabs.speech_parts.join_audio", refuse)
    result = await adapter.generate(prompt=FEW[:600])
    assert [sniff(content(output)) for output in result.outputs] == ["audio/mpeg"] * 2
    assert "could not be joined" in adapter.warnings[0]


@pytest.mark.usefixtures("short_requests")
async def test_a_later_part_that_is_no_audio_ends_the_speech_with_its_words(
    fake: FakeElevenLabs, adapter: AdapterHarness
) -> None:
    fake.script(SPEAK, {}, {"body": {"detail": "The voice is tired."}, "headers": {"content-type": "audio/mpeg"}})
    result = await adapter.generate(prompt=FEW[:600])
    assert [sniff(content(output)) for output in result.outputs] == ["audio/mpeg"]
    assert not result.complete
    assert "The voice is tired" in adapter.warnings[0]


# Continuations


async def test_a_continuation_keeps_the_voice_and_names_the_earlier_requests(
    fake: FakeElevenLabs, adapter: AdapterHarness
) -> None:
    earlier = await state_after(adapter, voice=ROGER)
    [output] = (await adapter.generate(prompt="And it goes on.", state=earlier)).outputs
    assert speakers(fake) == [ROGER, ROGER]
    assert fake.bodies(SPEAK)[-1]["previous_request_ids"] == list(earlier.requests)
    assert isinstance(output.state, SpeechState)
    assert output.state.text == "Once upon a time. And it goes on."
    assert output.state.requests[0] == earlier.requests[0]
    assert adapter.warnings == []


async def test_another_voice_can_continue(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    state = await state_after(adapter, voice=ROGER)
    for _ in range(2):
        [output] = (await adapter.generate(state=state, voice=SARAH)).outputs
        assert isinstance(output.state, SpeechState)
        state = output.state
    assert speakers(fake) == [ROGER, SARAH, SARAH]


async def test_a_continuation_keeps_its_voice_though_its_name_became_anothers(
    fake: FakeElevenLabs, tmp_path: Path
) -> None:
    async with running_engine(tmp_path, backend, env=fake.env()) as engine:
        first = await generate(engine, TALE, kind="speech", voice="Sarah", backend="elevenlabs")
    sample = MemorySource(mime="audio/wav")
    async with signed_in(backend, fake.url, KEY) as adapter:
        await adapter.client.sdk.voices.ivc.create(name="Sarah", files=[(sample.name, sample.data, sample.mime)])
    async with running_engine(tmp_path, backend, env=fake.env()) as engine:
        second = await continue_edit(engine, first.continuation_id, "And it goes on.")
        await continue_edit(engine, second.continuation_id, "And on.", voice="Sarah")
        await continue_edit(engine, second.continuation_id, "And on.", voice="Roger")
    assert speakers(fake) == [SARAH, SARAH, SARAH, ROGER]


@pytest.mark.parametrize(("voice", "speaker"), [(None, ROGER), ("Sarah", SARAH)])
async def test_a_state_without_the_voices_name_is_continued(
    fake: FakeElevenLabs, adapter: AdapterHarness, voice: str | None, speaker: str
) -> None:
    state = SpeechState.model_validate({"voice": ROGER, "requests": [], "said": TALE})
    await adapter.generate(state=state, voice=voice)
    assert speakers(fake) == [speaker]


async def test_forgotten_requests_are_replaced_by_their_text(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    state = await state_after(adapter)
    fake.expire(state.requests[0])
    result = await adapter.generate(state=state)
    assert fake.bodies(SPEAK)[-1]["previous_text"] == TALE
    assert "its text was sent instead" in adapter.warnings[0]
    assert result.complete


async def test_a_request_that_is_declined_with_any_context_is_sent_without(
    fake: FakeElevenLabs, adapter: AdapterHarness
) -> None:
    state = await state_after(adapter)
    fake.script(SPEAK, {**scripted(400, "invalid_parameters"), "times": 2})
    await adapter.generate(prompt="And it goes on.", state=state)
    assert fake.bodies(SPEAK)[-1] == {"text": "And it goes on.", "model_id": "eleven_v4"}
    assert "only the voice is the same" in adapter.warnings[-1]


@pytest.mark.usefixtures("short_requests")
async def test_parts_after_forgotten_requests_name_each_other(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    state = await state_after(adapter)
    fake.expire(state.requests[0])
    await adapter.generate(prompt=FEW[:600], state=state)
    assert len(fake.bodies(SPEAK)[-1]["previous_request_ids"]) == 1


async def test_a_model_without_context_says_so_in_a_continuation(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    state = await state_after(adapter, voice=ROGER)
    await adapter.generate(state=state, model=MODELS["eleven_v3"])
    assert "only the voice is the same" in adapter.warnings[0]
    assert speakers(fake) == [ROGER, ROGER]


# Failures


@pytest.mark.parametrize(
    ("answer", "kind", "billed"),
    [
        (scripted(429, "too_many_concurrent_requests"), RateLimited, "no"),
        (scripted(401, "quota_exceeded"), OutOfCredit, "no"),
        ({"status": 500, "body": {"detail": "Oh no."}}, ProviderError, None),
        ({"truncate": True}, Unreachable, None),
        ({"reset": True}, Unreachable, None),
        ({"garbage": True}, Unreachable, None),
        ({"html": True, "status": 502}, ProviderError, None),
        ({"status": 307, "headers": {"location": "http://127.0.0.1:9/"}}, NotServed, "no"),
    ],
    ids=str,
)
async def test_a_failed_request_is_explained_and_sent_once(
    fake: FakeElevenLabs,
    adapter: AdapterHarness,
    answer: Mapping[str, object],
    kind: type[Exception],
    billed: str | None,
) -> None:
    fake.script(SPEAK, answer)
    error = await adapter.failure_of()
    assert isinstance(error, kind)
    assert error.billed == billed
    assert fake.paid() == 1


@pytest.mark.parametrize("output_format", ["mp3", "wav"])
async def test_a_page_is_not_taken_for_audio(fake: FakeElevenLabs, adapter: AdapterHarness, output_format: str) -> None:
    fake.script(SPEAK, {"html": True, "status": 200})
    assert isinstance(await adapter.failure_of(output_format=output_format), ProviderError)


async def test_an_answer_that_trickles_times_out(
    fake: FakeElevenLabs, adapter: AdapterHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audio_stream, "_ANSWER_SECONDS", 0.1)
    fake.script(SPEAK, {"drip": True})
    error = await adapter.failure_of()
    assert isinstance(error, TimedOut)
    assert error.billed is None


@pytest.mark.parametrize(
    ("settings", "params", "kind"),
    [
        ({}, {"prompt": "a forbidden thing"}, Refused),
        ({"retired": ["eleven_v4"]}, {}, ModelGone),
        ({"plan": "free"}, {"bitrate": 192}, NotPermitted),
    ],
    ids=str,
)
async def test_what_the_provider_declines_costs_nothing(
    fake: FakeElevenLabs,
    adapter: AdapterHarness,
    settings: Mapping[str, Any],
    params: Mapping[str, Any],
    kind: type[Exception],
) -> None:
    fake.settings(**settings)
    error = await adapter.failure_of(**params)
    assert isinstance(error, kind)
    assert error.billed == "no"
    assert fake.paid() == 1
