"""Speech of OpenAI's: streamed, in every format, and long texts in pieces."""

from __future__ import annotations

import io
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from fakes.engines import made, opened
from fakes.openai import KEY, FakeOpenAI, running
from fakes.openai.catalogue import VOICES
from mediasmith.plugin.contract import Model, Result
from mediasmith.plugin.errors import ProviderError, RateLimited
from mediasmith.plugin.media import sniff
from mediasmith.plugin.probe import duration
from mediasmith.testing import AdapterHarness, MemorySink, VirtualClock, signed_in
from mediasmith_backends.openai import backend

SPEAK = "POST /v1/audio/speech"
SPEECH = backend.capabilities[1]
SENTENCE = "This is number {:03} of the sentences that are read. "
LONG = "".join(map(SENTENCE.format, range(200)))
MIMES = {"mp3": "audio/mpeg", "ogg": "audio/ogg", "aac": "audio/aac", "flac": "audio/flac", "wav": "audio/wav"}
SECONDS = 10.0  # the longest that the fake speaks, whatever the text

PROVIDER = running


@pytest.fixture
async def hands(fake: FakeOpenAI) -> AsyncGenerator[AdapterHarness]:
    async with signed_in(backend, fake.base_url, KEY, capability=SPEECH) as hands:
        yield hands


async def spoken(hands: AdapterHarness, text: str, **params: Any) -> Result:
    result = await SPEECH.start(replace(hands.call(**params), prompt=text))
    assert isinstance(result, Result)
    return result


def sound(result: Result) -> bytes:
    body = result.outputs[0].body
    assert isinstance(body, bytes | MemorySink)
    return body if isinstance(body, bytes) else body.data


def said(fake: FakeOpenAI) -> list[str]:
    return [request["body"]["input"] for request in fake.log()]


@pytest.mark.parametrize("form", MIMES)
async def test_speech_comes_in_every_format_and_is_what_it_says(
    fake: FakeOpenAI, hands: AdapterHarness, form: str
) -> None:
    result = await spoken(hands, "Good morning to you all.", output_format=form)
    data, mime = sound(result), MIMES[form]
    assert (result.outputs[0].mime, sniff(data)) == (mime, mime)
    assert duration(io.BytesIO(data), mime) == pytest.approx(1.2, abs=0.1)
    sent = {"input": "Good morning to you all.", "model": "gpt-4o-mini-tts", "voice": "alloy"}
    assert fake.log()[0]["body"] == {**sent, "response_format": {"ogg": "opus"}.get(form, form)}


async def test_what_comes_is_written_as_it_comes_but_for_wav_whose_header_must_wait_for_the_end(
    hands: AdapterHarness,
) -> None:
    await spoken(hands, "Good morning.")
    assert hands.types == ["audio/mpeg"]
    data = sound(await spoken(hands, "Good morning.", output_format="wav"))
    assert hands.types == ["audio/mpeg"]
    assert int.from_bytes(data[40:44], "little") == len(data) - 44


async def test_voice_manner_and_speed_are_sent(fake: FakeOpenAI, hands: AdapterHarness) -> None:
    await spoken(hands, "Good morning.", voice="marin", instructions="whisper", speed=0.5)
    await spoken(hands, "Good morning.", voice="voice_1a2B-3")
    await spoken(hands, "Good morning.", voice="Sage")
    one, other, third = [request["body"] for request in fake.log()]
    assert (one["voice"], one["instructions"], one["speed"]) == ("marin", "whisper", 0.5)
    assert other["voice"] == {"id": "voice_1a2B-3"}
    assert third["voice"] == "sage"


async def test_every_voice_that_everybody_has_is_listed_and_others_are_refused(hands: AdapterHarness) -> None:
    assert set(await SPEECH.choices["voice"](hands.client)) == set(VOICES)
    assert "alloy, ash" in SPEECH.refuses(hands.call(voice="adam"))
    for voice in (*VOICES, "Sage", "voice_1a2B-3"):
        assert SPEECH.refuses(hands.call(voice=voice)) == ""


def test_an_engine_of_ones_own_has_its_own_voices() -> None:
    call = AdapterHarness(backend, None, SPEECH).call(voice="af_heart")
    assert SPEECH.refuses(replace(call, model=Model(id="kokoro"))) == ""


def test_the_older_models_take_no_instructions_and_all_go_on_one_day() -> None:
    assert {str(model.retires) for model in SPEECH.models} == {"2027-01-06"}
    assert [model.accepts.get("instructions", True) for model in SPEECH.models] == [True, False, False]
    assert [model.draft for model in SPEECH.models] == [False, True, False]


@pytest.mark.parametrize("form", MIMES)
async def test_a_long_text_is_read_in_pieces_that_end_with_sentences_and_becomes_one_file(
    fake: FakeOpenAI, hands: AdapterHarness, form: str
) -> None:
    result = await spoken(hands, LONG, output_format=form)
    texts = said(fake)
    assert len(texts) == 3
    assert all(len(text) <= 4096 and text.endswith(".") for text in texts)
    assert " ".join(texts) == LONG.strip()
    assert len(result.outputs) == 1
    assert result.complete
    padding = 0.25 if form == "aac" else 0.1  # bare AAC does not say how much of it there is only to fill frames
    assert duration(io.BytesIO(sound(result)), MIMES[form]) == pytest.approx(3 * SECONDS, abs=padding)
    assert [told.progress for told in hands.reports] == [pytest.approx(1 / 3), pytest.approx(2 / 3), 1]
    assert not hands.warnings


async def test_pieces_of_a_script_that_takes_more_tokens_are_shorter(fake: FakeOpenAI, hands: AdapterHarness) -> None:
    await spoken(hands, "\u4eca\u5929\u4e0b\u96e8\u3002" * 300)
    assert [len(text) for text in said(fake)] == [1200, 300]
    assert all(text.endswith("\u3002") for text in said(fake))


async def test_a_text_of_just_the_longest_length_is_one_request(fake: FakeOpenAI, hands: AdapterHarness) -> None:
    await spoken(hands, "a" * 4096)
    await spoken(hands, " padded ")
    assert [len(text) for text in said(fake)] == [4096, 8]


BREAKS: Mapping[str, dict[str, Any]] = {
    "a status": {"status": 500, "body": {"error": {"message": "It fell over."}}},
    "a page": {"html": True},
    "a broken connection": {"reset": True},
    "half of it": {"truncate": True},
}


@pytest.mark.parametrize("case", BREAKS)
async def test_when_a_later_piece_fails_what_was_paid_for_is_kept_and_said(
    fake: FakeOpenAI, hands: AdapterHarness, case: str
) -> None:
    fake.script(SPEAK, {}, BREAKS[case])
    result = await spoken(hands, LONG)
    assert not result.complete
    assert duration(io.BytesIO(sound(result)), "audio/mpeg") == pytest.approx(SECONDS, abs=0.1)
    assert "the first 1 of 3 parts" in hands.warnings[0]
    assert said(fake)[1][:40] in hands.warnings[0]
    assert fake.counts() == {SPEAK: 2}


async def test_when_the_first_piece_fails_it_fails(fake: FakeOpenAI, hands: AdapterHarness) -> None:
    fake.script(SPEAK, {"html": True})
    with pytest.raises(ProviderError):
        await spoken(hands, LONG)
    fake.script(SPEAK, {"status": 429, "body": {"error": {"message": "Slow down."}}})
    with pytest.raises(Exception, match="429") as turned_away:
        await spoken(hands, LONG)
    assert isinstance(backend.explain(turned_away.value), RateLimited)
    assert fake.counts() == {SPEAK: 2}


async def test_sound_that_cannot_be_put_together_is_told(
    hands: AdapterHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_parts: object, _mime: str) -> bytes:
        raise ValueError

    monkeypatch.setattr(import_module("mediasmith_backends.openai.speech"), "joined", broken)
    assert isinstance(await hands.fails(output_format="wav"), ProviderError)


async def test_the_caller_hears_what_is_missing(fake: FakeOpenAI, tmp_path: Path) -> None:
    fake.script(SPEAK, {}, {"status": 500, "body": {"error": {"message": "It fell over."}}})
    before_they_retire = VirtualClock(1_790_000_000)
    async with opened(tmp_path, backend, env=fake.env(), clock=before_they_retire) as engine:
        result = await made(engine, LONG, kind="speech")
    assert len(result.files) == 1
    assert "What is missing begins with" in result.warnings[-1]
