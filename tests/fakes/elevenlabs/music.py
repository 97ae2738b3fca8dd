"""Composition plans, which are free, and the songs composed from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from elevenlabs.music.composition_plan.raw_client import AsyncRawCompositionPlanClient
from elevenlabs.music.raw_client import AsyncRawMusicClient

from fakes.elevenlabs.audio import allow_format, audio, audio_answer
from fakes.elevenlabs.errors import refusal
from fakes.elevenlabs.sdk import SEED_31, sdk_route
from fakes.elevenlabs.state import FORBIDDEN, ElevenState, short_id
from loopback.connection import Answer
from loopback.faults import answer_json
from loopback.routes import Asked, Route

_Asked: TypeAlias = Asked[ElevenState]

COPYRIGHTED = "copyrighted"
"""A prompt or plan with this word is refused, and one with `original` in its place is suggested."""

_MODELS = ("music_v2", "music_v2_5")
_LONGEST_MS, _DEFAULT_MS, _PART_MS = 600_000, 6_000, 30_000
_CREDITS_A_SECOND = 12
_SECONDS = 1.0  # of every song, to be quick


def _check_song(asked: _Asked) -> None:
    state, body = asked.state, asked.body
    state.require_model(body.model_id, _MODELS)
    allow_format(state, asked.query.output_format)
    if body.prompt is not None or body.music_length_ms is not None or body.force_instrumental is not None:
        raise refusal(422, "invalid_parameters", "Songs are composed from plans here.", param="prompt")
    chunks = _chunks(body.composition_plan)
    if not chunks or sum(map(_milliseconds, chunks)) > _LONGEST_MS:
        raise refusal(422, "invalid_parameters", "That is no plan for this model.", param="composition_plan")
    excerpts = list(_excerpts(chunks))
    if not state.settings.inpainting and (body.store_for_inpainting or excerpts):
        raise refusal(403, "feature_not_available", "Your account has no access to music inpainting.")
    for excerpt in excerpts:
        if excerpt.song_id not in state.songs:
            raise refusal(404, "song_not_found", f"A song with the song_id {excerpt.song_id} was not found.")
        if not 0 <= excerpt.range.start_ms < excerpt.range.end_ms <= state.songs[excerpt.song_id]:
            raise refusal(400, "invalid_parameters", "The range is not in the song.", param="range")


def _chunks(plan: Any) -> list[Any]:
    """Return the chunks of a plan; one for the first model has none."""
    return getattr(plan, "chunks", [])


def _milliseconds(chunk: Any) -> int:
    return chunk.duration_ms if hasattr(chunk, "duration_ms") else chunk.range.end_ms - chunk.range.start_ms


def _excerpts(chunks: list[Any]) -> Iterator[Any]:
    for chunk in chunks:
        if hasattr(chunk, "song_id"):
            yield chunk
        elif chunk.conditioning_ref:
            yield chunk.conditioning_ref


def _compose(asked: _Asked) -> Answer:
    plan = asked.body.composition_plan.model_dump_json(exclude_unset=True)
    _moderate(plan, "composition_plan")
    length = sum(map(_milliseconds, _chunks(asked.body.composition_plan)))
    code, song = asked.query.output_format, short_id()
    data = audio(_SECONDS, plan, code, channels=2)
    headers = {"song-id": song, "request-id": short_id()}
    answer = audio_answer(asked.state, _CREDITS_A_SECOND * length / 1000, data, code, **headers)
    if asked.body.store_for_inpainting:
        asked.state.songs[song] = length
    return answer


def _moderate(text: str, what: str) -> None:
    """Refuse what is against the rules or the rights of others, and suggest something else for the latter."""
    data = {f"{what}_suggestion": text.replace(COPYRIGHTED, "original")} if COPYRIGHTED in text else {}
    if data or FORBIDDEN in text:
        raise refusal(400, f"bad_{what}", f"The {what} may violate our Terms of Service.", data=data)


def _plan(asked: _Asked) -> Answer:
    body = asked.body
    asked.state.require_model(body.model_id, _MODELS)
    _moderate(body.prompt, "prompt")
    source = body.source_composition_plan
    if source and body.music_length_ms in (None, sum(map(_milliseconds, _chunks(source)))):
        chunks = source.model_dump(mode="json", exclude_unset=True)["chunks"]
        chunks[-1] = _chunk(len(chunks), body.prompt, _milliseconds(_chunks(source)[-1]))
    else:
        length = body.music_length_ms or _DEFAULT_MS
        count = max(1, round(length / _PART_MS))
        chunks = [_chunk(number, body.prompt, length // count) for number in range(1, count + 1)]
    return answer_json({"chunks": chunks})


def _chunk(number: int, prompt: str, milliseconds: int) -> Mapping[str, object]:
    text = f"[Part {number}]\nla la la"
    return {"text": text, "duration_ms": milliseconds, "positive_styles": [prompt], "context_adherence": "high"}


ROUTES: Mapping[str, Route[ElevenState]] = {
    **sdk_route(AsyncRawMusicClient.compose, _compose, _check_song, seed=SEED_31),
    **sdk_route(AsyncRawCompositionPlanClient.create, _plan),
}
