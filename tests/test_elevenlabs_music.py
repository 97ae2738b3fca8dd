"""Music by ElevenLabs: planned for nothing, composed once, and gone on from as far as the account allows."""

from __future__ import annotations

import io
import wave
from collections.abc import AsyncGenerator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from fakes.elevenlabs import KEY, FakeElevenLabs, running
from fakes.elevenlabs.errors import scripted
from fakes.engines import edited, opened
from fakes.engines import made as generated
from fakes.trying import failure, made
from mediasmith.plugin.contract import JSON, Output, Request
from mediasmith.plugin.errors import (
    InvalidRequest,
    MediaError,
    ProviderError,
    RateLimited,
    Refused,
    StateGone,
    TimedOut,
    Unsuitable,
)
from mediasmith.plugin.media import sniff
from mediasmith.testing import AdapterHarness, MemorySink, signed_in
from mediasmith_backends.elevenlabs import backend
from mediasmith_backends.elevenlabs.music import MusicParams, music
from mediasmith_backends.elevenlabs.plans import Chunk, CompositionPlan, Excerpt, Span, resumed, unsung

PLAN, COMPOSE = "POST /v1/music/plan", "POST /v1/music"
PLANNED: Mapping[str, Any] = {
    "chunks": [
        {"text": "[Verse]\nHome again", "duration_ms": 4000, "positive_styles": ["folk"]},
        {"text": "[Chorus]\nAnd again", "duration_ms": 3000, "positive_styles": ["folk", "louder"]},
    ]
}

PROVIDER = running


@pytest.fixture
async def hands(fake: FakeElevenLabs) -> AsyncGenerator[AdapterHarness]:
    async with signed_in(backend, fake.url, KEY, capability=music) as hands:
        yield hands


def ask(prompt: str = "a song of the sea", state: JSON = None, **params: Any) -> Request[MusicParams]:
    return Request(
        model=music.models[0], prompt=prompt, params=MusicParams.model_validate(params), inputs={}, state=state
    )


async def one(hands: AdapterHarness, asked: Request[MusicParams]) -> Output:
    assert not music.refuses(asked)
    [output] = (await made(hands, asked)).outputs
    return output


def sound(output: Output) -> bytes:
    body = output.body.data if isinstance(output.body, MemorySink) else output.body
    assert isinstance(body, bytes)
    return body


def state_of(output: Output) -> Mapping[str, Any]:
    assert isinstance(output.state, Mapping)
    return output.state


async def test_a_song_is_planned_for_nothing_and_composed_from_its_plan(
    fake: FakeElevenLabs, hands: AdapterHarness
) -> None:
    output = await one(hands, ask(duration=60, seed=7))
    [planning], [composing] = fake.bodies(PLAN), fake.bodies(COMPOSE)
    assert planning == {"prompt": "a song of the sea", "music_length_ms": 60_000, "model_id": "music_v2_5"}
    assert sum(chunk["duration_ms"] for chunk in composing["composition_plan"]["chunks"]) == 60_000
    assert {name: value for name, value in composing.items() if name != "composition_plan"} == {
        "model_id": "music_v2_5",
        "seed": 7,
        "store_for_inpainting": True,
    }
    assert (output.mime, sniff(sound(output))) == ("audio/mpeg", "audio/mpeg")
    assert state_of(output)["plan"] == composing["composition_plan"]
    assert fake.paid() == 1
    assert not hands.warnings


async def test_what_the_headers_tell_is_told(hands: AdapterHarness) -> None:
    result = await made(hands, ask(duration=3))
    assert result.details["song_id"] == state_of(result.outputs[0])["song"]
    assert result.details["characters"] == 36
    assert result.details["request_id"]


async def test_nothing_is_asked_for_that_nobody_said(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    await one(hands, ask())
    assert fake.bodies(PLAN) == [{"prompt": "a song of the sea", "model_id": "music_v2_5"}]
    assert "seed" not in fake.bodies(COMPOSE)[0]


async def test_a_plan_of_another_length_is_told(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    fake.script(PLAN, {"body": PLANNED})
    await one(hands, ask(duration=60))
    assert [warning for warning in hands.warnings if "7 seconds" in warning and "duration of 60" in warning]


async def test_samples_become_a_stereo_file(hands: AdapterHarness) -> None:
    output = await one(hands, ask(duration=3, output_format="wav", sample_rate=24_000))
    with wave.open(io.BytesIO(sound(output))) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (2, 24_000, 72_000)


async def test_a_plan_needs_no_prompt_and_nothing_else_does_without(hands: AdapterHarness) -> None:
    await one(hands, ask("", composition_plan=PLANNED))
    assert hands.warnings == []
    assert "takes a prompt, or a composition_plan" in music.refuses(ask(" ", instrumental=True))


def test_a_form_that_music_has_not_is_refused() -> None:
    assert "sample_rate 48000" in music.refuses(ask(sample_rate=48_000, bitrate=96))


async def test_without_a_voice_there_is_nothing_to_sing(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    await one(hands, ask(duration=6, instrumental=True))
    [planning], [composing] = fake.bodies(PLAN), fake.bodies(COMPOSE)
    assert "without vocals" in planning["prompt"]
    for chunk in composing["composition_plan"]["chunks"]:
        assert chunk["text"] == "[Part 1]"
        assert chunk["negative_styles"] == ["vocals"]


def test_directions_stay_where_lyrics_go() -> None:
    song = CompositionPlan(
        chunks=(
            Chunk(text="[Verse]\nla la\n{guitar}", duration_ms=3000, positive_styles=(), negative_styles=("vocals",)),
            Chunk(text="la la", duration_ms=3000, positive_styles=()),
            Excerpt(song_id="s", range=Span(start_ms=0, end_ms=50)),
        )
    )
    first, second, third = unsung(song).chunks
    assert isinstance(first, Chunk)
    assert isinstance(second, Chunk)
    assert (first.text, first.negative_styles) == ("[Verse]\n{guitar}", ("vocals",))
    assert (second.text, second.negative_styles) == ("[Instrumental]", ("vocals",))
    assert third == song.chunks[2]
    assert unsung(unsung(song)) == unsung(song)


# A plan of the caller's own


async def test_a_plan_is_composed_as_it_stands(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    output = await one(hands, ask("", composition_plan=PLANNED))
    assert fake.counts() == {COMPOSE: 1}
    [chunk, _] = fake.bodies(COMPOSE)[0]["composition_plan"]["chunks"]
    assert chunk == {**PLANNED["chunks"][0], "negative_styles": []}
    assert state_of(output)["plan"] == fake.bodies(COMPOSE)[0]["composition_plan"]
    assert not hands.warnings


async def test_the_prompt_beside_a_plan_is_left_out_aloud(hands: AdapterHarness) -> None:
    await one(hands, ask("loudly", composition_plan=PLANNED))
    assert [warning for warning in hands.warnings if "prompt was left out" in warning]


@pytest.mark.parametrize(
    ("given", "word"),
    [({"duration": 30}, "duration"), ({"instrumental": True}, "instrumental"), ({"state": {}}, "composition_plan")],
    ids=str,
)
def test_what_does_not_go_with_a_plan_is_refused(given: Mapping[str, Any], word: str) -> None:
    assert word in music.refuses(ask(composition_plan=PLANNED, **given))


PART: Mapping[str, Any] = {"text": "", "duration_ms": 3000, "positive_styles": []}


@pytest.mark.parametrize(
    "plan",
    [
        {"chunks": []},
        {"chunks": [{**PART, "duration_ms": 2999}]},
        {"chunks": [{**PART, "tempo": 120}]},
        {"chunks": [{"song_id": "s", "range": {"start_ms": 10, "end_ms": 10}}]},
        {"chunks": [{**PART, "duration_ms": 120_000}] * 6},
        {"sections": []},
    ],
    ids=str,
)
def test_what_is_no_plan_is_told_before_anything_is_sent(plan: Mapping[str, Any]) -> None:
    with pytest.raises(ValidationError, match="composition_plan"):
        ask(composition_plan=plan)


# Going on


async def test_what_did_not_change_is_taken_out_of_the_song(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    first = await one(hands, ask(duration=60))
    second = await one(hands, ask("with a drum", state=first.state, duration=60))
    planning, composing = fake.bodies(PLAN)[1], fake.bodies(COMPOSE)[1]
    assert planning["source_composition_plan"] == state_of(first)["plan"]
    kept, new = composing["composition_plan"]["chunks"]
    assert kept == {"song_id": state_of(first)["song"], "range": {"start_ms": 0, "end_ms": 30_000}}
    assert new["positive_styles"] == ["with a drum"]
    assert not hands.warnings
    # The new song is gone on from as this one was: by what is played in it, not by where that came from.
    assert state_of(second)["plan"]["chunks"][0] == state_of(first)["plan"]["chunks"][0]
    assert state_of(second)["song"] not in ("", None, state_of(first)["song"])
    assert fake.paid() == 2


async def test_two_songs_go_on_from_one(hands: AdapterHarness) -> None:
    first = await one(hands, ask(duration=60))
    two = [await one(hands, ask(words, state=first.state)) for words in ("with a drum", "with a flute")]
    assert len({state_of(output)["song"] for output in two}) == 2


async def test_an_account_whose_songs_are_not_kept_goes_on_from_the_plan(
    fake: FakeElevenLabs, hands: AdapterHarness
) -> None:
    fake.settings(inpainting=False)
    first = await one(hands, ask(duration=60))
    assert state_of(first)["song"] is None
    assert not hands.warnings
    await one(hands, ask("with a drum", state=first.state))
    assert [body.get("store_for_inpainting", False) for body in fake.bodies(COMPOSE)] == [True, False, True, False]
    chunks = fake.bodies(COMPOSE)[-1]["composition_plan"]["chunks"]
    assert [chunk["positive_styles"] for chunk in chunks] == [["a song of the sea"], ["with a drum"]]
    assert [warning for warning in hands.warnings if "composed anew from its plan" in warning]


async def test_a_song_that_is_gone_is_composed_anew_from_its_plan(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    state = {"song": "gone", "plan": PLANNED}
    output = await one(hands, ask("with a drum", state=state))
    gone, anew = fake.bodies(COMPOSE)
    assert gone["composition_plan"]["chunks"][0]["song_id"] == "gone"
    assert [chunk["duration_ms"] for chunk in anew["composition_plan"]["chunks"]] == [4000, 3000]
    assert state_of(output)["song"]
    assert [warning for warning in hands.warnings if "composed anew from its plan" in warning]


async def test_what_nobody_can_go_on_from_is_told_for_nothing(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    error = await failure(hands, ask(state={"voice": "George"}))
    assert isinstance(error, StateGone)
    assert fake.counts() == {}


def _plan(*texts: str) -> CompositionPlan:
    return CompositionPlan(chunks=tuple(Chunk(text=text, duration_ms=3000, positive_styles=()) for text in texts))


def _kept(start: int, end: int) -> Excerpt:
    return Excerpt(song_id="s", range=Span(start_ms=1000 * start, end_ms=1000 * end))


def test_stretches_that_follow_each_other_become_one() -> None:
    before = _plan("a", "b", "c", "a")
    new = _plan("x").chunks[0]
    taken = resumed(_plan("a", "b", "x", "a", "c"), before, "s")
    assert taken
    assert taken.chunks == (_kept(0, 6), new, _kept(9, 12), _kept(6, 9))


def test_what_the_plan_left_open_may_be_told_later() -> None:
    told = _plan("a").chunks[0].model_copy(update={"context_adherence": "high"})
    taken = resumed(CompositionPlan(chunks=(told, *_plan("x").chunks)), _plan("a"), "s")
    assert taken
    assert taken.chunks[0] == _kept(0, 3)


@pytest.mark.parametrize("texts", ["ab", "xy"])
def test_all_of_a_song_or_nothing_of_it_is_made_anew(texts: str) -> None:
    assert resumed(_plan(*texts), _plan("a", "b"), "s") is None


async def test_a_song_of_a_plan_goes_on_with_words_in_the_same_form(fake: FakeElevenLabs, tmp_path: Path) -> None:
    options = {"sample_rate": 8000, "composition_plan": PLANNED}
    async with opened(tmp_path, backend, env=fake.env()) as engine:
        first = await generated(engine, "a song", kind="music", output_format="wav", options=options)
        second = await edited(engine, first.continuation_id, "with a drum")
    assert [file.mime for file in second.files] == ["audio/wav"]
    assert not second.warnings
    assert fake.counts() == {COMPOSE: 2, PLAN: 1}


# What goes wrong


async def test_what_the_provider_would_rather_make_is_told(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    error = await failure(hands, ask("a copyrighted song"))
    assert isinstance(error, Refused)
    assert "a original song" in error.hint
    assert error.billed == "no"
    plan: Mapping[str, Any] = {"chunks": [{**PART, "positive_styles": ["copyrighted"]}]}
    assert "original" in (await failure(hands, ask("", composition_plan=plan))).hint
    assert fake.counts() == {PLAN: 1, COMPOSE: 1}


@pytest.mark.parametrize(
    ("request_name", "answer", "due"),
    [
        (PLAN, scripted(429, "rate_limit_exceeded"), (RateLimited, "no")),
        (PLAN, {"body": {"chunks": []}}, (ProviderError, "no")),
        (PLAN, {"body": []}, (ProviderError, "no")),
        (PLAN, {"reset": True}, (MediaError, "no")),
        (COMPOSE, {"reset": True}, (MediaError, None)),
        (COMPOSE, {"status": 500, "body": {}}, (ProviderError, None)),
        (COMPOSE, {"status": 400, "body": {}}, (InvalidRequest, "no")),
    ],
    ids=["often", "empty", "list", "lost plan", "lost song", "broken", "wrong"],
)
async def test_a_plan_costs_nothing_and_a_song_is_asked_for_once(
    fake: FakeElevenLabs,
    hands: AdapterHarness,
    request_name: str,
    answer: Mapping[str, object],
    due: tuple[type, str | None],
) -> None:
    fake.script(request_name, answer)
    error = await failure(hands, ask(duration=3))
    assert isinstance(error, due[0])
    assert error.billed == due[1]
    assert fake.paid() == (request_name == COMPOSE)


async def test_a_plan_that_never_comes_costs_nothing(
    fake: FakeElevenLabs, hands: AdapterHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module(MusicParams.__module__), "_PLAN_SECONDS", 0.05)
    fake.script(PLAN, {"hang": True})
    error = await failure(hands, ask())
    fake.release()
    assert isinstance(error, TimedOut)
    assert error.billed == "no"
    assert fake.paid() == 0


@pytest.mark.parametrize("options", [{}, {"composition_plan": PLANNED}], ids=["planned by it", "planned already"])
async def test_a_model_that_can_no_longer_be_named_gives_way_to_the_next(
    fake: FakeElevenLabs, tmp_path: Path, options: Mapping[str, Any]
) -> None:
    fake.settings(unlisted=["music_v2_5"])
    async with opened(tmp_path, backend, env=fake.env()) as engine:
        song = await generated(engine, "" if options else "a song", kind="music", options=options)
    assert song.model == "music_v2"
    assert [body["model_id"] for body in fake.bodies(COMPOSE)][-1] == "music_v2"
    assert [warning for warning in song.warnings if "music_v2_5" in warning]


KEPT: Mapping[str, Any] = {"song_id": "gone", "range": {"start_ms": 0, "end_ms": 3000}}


@pytest.mark.parametrize("chunk", [KEPT, {**PART, "conditioning_ref": KEPT}], ids=["taken over", "made like it"])
async def test_a_plan_with_a_song_that_is_not_there_is_sent_once(
    fake: FakeElevenLabs, tmp_path: Path, chunk: Mapping[str, Any]
) -> None:
    async with opened(tmp_path, backend, env=fake.env()) as engine:
        with pytest.raises(InvalidRequest, match="does not have this song") as caught:
            await generated(engine, "", kind="music", options={"composition_plan": {"chunks": [PART, chunk]}})
    assert caught.value.billed == "no"
    assert fake.counts() == {COMPOSE: 1}


async def test_what_is_not_allowed_at_all_is_told(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    fake.script(COMPOSE, {**scripted(403, "only_for_creator+"), "times": 2})
    assert isinstance(await failure(hands, ask(duration=3)), Unsuitable)


async def test_more_in_a_plan_than_is_known_is_not_sent_back(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    chunk: Mapping[str, Any] = {**PART, "mood": "sad", "negative_styles": None}
    fake.script(PLAN, {"body": {"plan_id": "p", "chunks": [chunk]}})
    await one(hands, ask())
    assert fake.bodies(COMPOSE)[0]["composition_plan"] == {"chunks": [{**PART, "negative_styles": []}]}
