"""Speech: streamed, in every format, and long texts in parts."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import date
from importlib import import_module
from typing import Any

import pytest

from fakes.openai import KEY, FakeOpenAI
from mediasmith.plugin.contract import Model, Result
from mediasmith.plugin.errors import ProviderError, RateLimited
from mediasmith.plugin.media import sniff
from mediasmith.plugin.probe import duration
from mediasmith.selection.ranking import SelectionContext, select
from mediasmith.selection.selection_request import SelectionRequest
from mediasmith.testing import AdapterHarness, Answer, MemorySink, relay, signed_in
from mediasmith_backends.openai import backend

SPEAK = "POST /v1/audio/speech"
SPEECH = backend.capabilities[1]
SENTENCE = "This is number {:03} of the sentences that are read. "
LONG = "".join(map(SENTENCE.format, range(200)))
MIMES = {"mp3": "audio/mpeg", "ogg": "audio/ogg", "aac": "audio/aac", "flac": "audio/flac", "wav": "audio/wav"}
SECONDS = 10.0  # the longest that the fake speaks, whatever the text
VOICES = {
    *("alloy", "ash", "ballad", "coral", "echo", "fable", "onyx"),
    *("nova", "sage", "shimmer", "verse", "marin", "cedar"),
}


def audio(result: Result) -> bytes:
    body = result.outputs[0].body
    assert isinstance(body, bytes | MemorySink)
    return body if isinstance(body, bytes) else body.data


def sent(fake: FakeOpenAI) -> list[Any]:
    return [request["body"] for request in fake.log()]


@pytest.mark.parametrize("form", MIMES)
async def test_speech_comes_in_every_format(fake: FakeOpenAI, speech: AdapterHarness, form: str) -> None:
    result = await speech.generate(prompt="Good morning to you all.", output_format=form)
    data, mime = audio(result), MIMES[form]
    assert (result.outputs[0].mime, sniff(data)) == (mime, mime)
    assert duration(io.BytesIO(data), mime) == pytest.approx(1.2, abs=0.1)
    expected = {"input": "Good morning to you all.", "model": "gpt-4o-mini-tts", "voice": "alloy"}
    assert sent(fake) == [{**expected, "response_format": {"ogg": "opus"}.get(form, form)}]


async def test_audio_is_written_as_it_comes_except_for_wav_whose_header_waits_for_the_end(
    speech: AdapterHarness,
) -> None:
    await speech.generate()
    assert speech.mimes == ["audio/mpeg"]
    data = audio(await speech.generate(output_format="wav"))
    assert speech.mimes == ["audio/mpeg"]
    assert int.from_bytes(data[40:44], "little") == len(data) - 44


async def test_voice_instructions_and_speed_are_sent(fake: FakeOpenAI, speech: AdapterHarness) -> None:
    await speech.generate(voice="marin", instructions="whisper", speed=0.5)
    await speech.generate(voice="voice_1a2B-3")
    await speech.generate(voice="Sage")
    first, second, third = sent(fake)
    assert (first["voice"], first["instructions"], first["speed"]) == ("marin", "whisper", 0.5)
    assert second["voice"] == {"id": "voice_1a2B-3"}
    assert third["voice"] == "sage"


async def test_the_common_voices_are_listed_and_unknown_ones_refused(speech: AdapterHarness) -> None:
    assert set(await SPEECH.choices["voice"](speech.client)) == VOICES
    assert "alloy, ash" in SPEECH.refuses(speech.call(voice="adam"))
    for voice in (*VOICES, "Sage", "voice_1a2B-3"):
        assert SPEECH.refuses(speech.call(voice=voice)) == ""


@pytest.mark.parametrize(
    ("voice", "models"),
    [
        ("Sage", ["tts-1", "gpt-4o-mini-tts", "tts-1-hd"]),
        ("marin", ["gpt-4o-mini-tts"]),
        ("voice_1", ["gpt-4o-mini-tts"]),
    ],
)
def test_a_voice_is_used_with_the_models_that_have_it(voice: str, models: list[str]) -> None:
    request = SelectionRequest(kind="speech", prompts=("a red kite",), words={"voice": voice}, draft=True)
    context = SelectionContext(backends=[backend], missing={}, today=date(2026, 11, 30))
    assert [candidate.model.id for candidate in select(request, context)] == models


def test_other_engines_have_voices_of_their_own() -> None:
    call = AdapterHarness(backend, None, SPEECH).call(voice="af_heart", model=Model(id="kokoro"))
    assert SPEECH.refuses(call) == ""


def test_the_older_models_take_no_instructions_and_all_retire_on_one_day() -> None:
    assert {str(model.retires) for model in SPEECH.models} == {"2027-01-06"}
    assert [model.accepts.get("instructions", True) for model in SPEECH.models] == [True, False, False]
    assert [model.draft for model in SPEECH.models] == [False, True, False]


@pytest.mark.parametrize("form", MIMES)
async def test_a_long_text_is_read_in_parts_and_becomes_one_file(
    fake: FakeOpenAI, speech: AdapterHarness, form: str
) -> None:
    result = await speech.generate(prompt=LONG, output_format=form)
    texts = [body["input"] for body in sent(fake)]
    assert len(texts) == 3
    assert all(len(text) <= 4096 and text.endswith(".") for text in texts)
    assert " ".join(texts) == LONG.strip()
    assert (len(result.outputs), result.complete) == (1, True)
    padding = 0.25 if form == "aac" else 0.1  # bare AAC does not say how much of it only fills frames
    assert duration(io.BytesIO(audio(result)), MIMES[form]) == pytest.approx(3 * SECONDS, abs=padding)
    assert [report.progress for report in speech.reports] == [pytest.approx(1 / 3), pytest.approx(2 / 3), 1]
    assert not speech.warnings


@pytest.mark.parametrize(
    ("text", "lengths"),
    [("a" * 4096, [4096]), (" padded ", [8]), ("\u4eca\u5929\u4e0b\u96e8\u3002" * 300, [1200, 300])],
)
async def test_a_part_is_as_long_as_its_script_allows(
    fake: FakeOpenAI, speech: AdapterHarness, text: str, lengths: list[int]
) -> None:
    await speech.generate(prompt=text)
    assert [len(body["input"]) for body in sent(fake)] == lengths


FAULTS: Mapping[str, dict[str, Any]] = {
    "a status": {"status": 500, "body": {"error": {"message": "It fell over."}}},
    "a page": {"html": True},
    "a broken connection": {"reset": True},
    "half of it": {"truncate": True},
}


@pytest.mark.parametrize("case", FAULTS)
async def test_when_a_later_part_fails_what_was_paid_for_is_kept(
    fake: FakeOpenAI, speech: AdapterHarness, case: str
) -> None:
    fake.script(SPEAK, {}, FAULTS[case])
    result = await speech.generate(prompt=LONG)
    assert not result.complete
    assert duration(io.BytesIO(audio(result)), "audio/mpeg") == pytest.approx(SECONDS, abs=0.1)
    assert "the first 1 of 3 parts" in speech.warnings[0]
    assert sent(fake)[1]["input"][:40] in speech.warnings[0]
    assert fake.counts() == {SPEAK: 2}


@pytest.mark.parametrize(
    ("script", "kind"),
    [({"html": True}, ProviderError), ({"status": 429, "body": {"error": {"message": "Slow down."}}}, RateLimited)],
)
async def test_when_the_first_part_fails_the_speech_fails(
    fake: FakeOpenAI, speech: AdapterHarness, script: dict[str, Any], kind: type[Exception]
) -> None:
    fake.script(SPEAK, script)
    assert type(await speech.failure_of(prompt=LONG)) is kind
    assert fake.counts() == {SPEAK: 1}


async def test_audio_that_cannot_be_joined_is_an_error(speech: AdapterHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_parts: object, _mime: str) -> bytes:
        raise ValueError

    monkeypatch.setattr(import_module("mediasmith_backends.openai.speech"), "concat_audio", broken)
    assert isinstance(await speech.failure_of(output_format="wav"), ProviderError)


@pytest.mark.parametrize("form", ["mp3", "wav"])
@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            "<html><head><title>502 Bad Gateway</title></head></html>",
            "A web page came instead of an answer of OpenAI: 502 Bad Gateway",
        ),
        ('{"error": {"message": "The voice is tired."}}', "without a result: The voice is tired"),
        ("Please wait.", "without a result: Please wait"),
        ("", "cannot be read"),
    ],
    ids=["page", "error", "text", "nothing"],
)
async def test_an_answer_that_is_no_audio_is_an_error_with_its_words(
    fake: FakeOpenAI, form: str, body: str, told: str
) -> None:
    with relay(fake.base_url) as wire:
        wire.script(Answer(status=200, body=body.encode(), mime="audio/mpeg"))
        async with signed_in(backend, wire.url, KEY, capability=SPEECH) as speech:
            error = await speech.failure_of(output_format=form)
    assert isinstance(error, ProviderError)
    assert told in error.message
    assert (error.billed, error.answer) == (None, body.encode())
    assert not any(sink.data for sink in speech.sinks)
