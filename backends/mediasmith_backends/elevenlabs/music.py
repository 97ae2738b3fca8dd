"""Music: a song is planned first, which is free, and then composed from its plan, so that it can be continued."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from mediasmith.plugin.contract import JSON, Call, Capability, Model, Output, Price, Request, Result
from mediasmith.plugin.errors import InvalidRequest, ModelGone, NotPermitted
from mediasmith.plugin.files import Sink
from mediasmith.plugin.http_errors import not_billed, reading
from mediasmith_backends.elevenlabs.audio_formats import MUSIC_FORMATS, AudioParams, find_format, format_refusal
from mediasmith_backends.elevenlabs.audio_stream import AudioHeaders, save
from mediasmith_backends.elevenlabs.client import NO_RETRY, TITLE, ElevenLabs, without_none
from mediasmith_backends.elevenlabs.composition_plan import CompositionPlan, reuse_song, without_vocals
from mediasmith_backends.elevenlabs.errors import error_code, explain, time_limit

_INSTRUMENTAL = "\n\nInstrumental: without vocals and without lyrics."
_MAX_PROMPT = 4100 - len(_INSTRUMENTAL)  # characters
_CHANNELS = 2
_PLAN_SECONDS = 120.0  # for the answer; a plan takes a few seconds
_LENGTH_TOLERANCE_MS = 1000  # between the duration and the plan, without a warning

_PRICES = (
    Price(
        usd=0.0025,
        per="second",
        as_of=date(2026, 9, 16),
        source="https://github.com/pollinations/pollinations/pull/15042",
    ),
)

_DECLINED = (InvalidRequest, NotPermitted, ModelGone)
"""What the provider answers, unpaid, when it does not store songs for this account, or no longer has one."""

_ABOUT_PLAN = (
    "The song in parts, instead of the prompt: {chunks: [{text, duration_ms, positive_styles, negative_styles}, …]}. "
    "text holds [Section], lyrics and {directions}; a chunk {song_id, range: {start_ms, end_ms}} takes over a stretch "
    "of a stored song."
)


class MusicParams(AudioParams):
    """The parameters of a song."""

    duration: Annotated[float | None, Field(ge=3, le=600)] = None
    seed: Annotated[int | None, Field(ge=0, le=2_147_483_647)] = None
    instrumental: bool = False
    composition_plan: (
        Annotated[CompositionPlan, WithJsonSchema({"type": "object", "description": _ABOUT_PLAN})] | None
    ) = None


class MusicState(BaseModel):
    """A song: what it was composed from, and its id where the provider stored it."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    song: str | None
    plan: CompositionPlan


def _refuses(request: Request[MusicParams]) -> str:
    return format_refusal(request.params, MUSIC_FORMATS) or next(_objections(request), "")


def _objections(request: Request[MusicParams]) -> Iterator[str]:
    params = request.params
    if params.composition_plan is None:
        if not request.prompt.strip():
            yield "needs a prompt or a composition_plan"
        return
    if request.state is not None:
        yield "takes a composition_plan only for a new song, not to continue one"
    if params.duration is not None:
        yield "takes no duration with a composition_plan, whose chunks have their own"
    if params.instrumental:
        yield "takes instrumental only with a prompt, not with a composition_plan"


async def _start(call: Call[ElevenLabs, MusicParams]) -> Result:
    earlier: MusicState | None = call.state
    plan = await _plan(call, earlier)
    body, headers, stored = await _compose(call, plan, earlier)
    state = MusicState(song=headers.song_id if stored and headers.song_id else None, plan=plan)
    mime = find_format(call.params, MUSIC_FORMATS).mime
    return Result(outputs=(Output(body=body, mime=mime, state=state),), details=headers.details)


async def _plan(call: Call[ElevenLabs, MusicParams], earlier: MusicState | None) -> CompositionPlan:
    """Return the plan that was given, or have the provider make one from the prompt, which is free."""
    params = call.params
    if params.composition_plan:
        if call.prompt.strip():
            call.warn("The prompt was ignored: the composition_plan replaces it.")
        return params.composition_plan
    fields = without_none(
        prompt=call.prompt + (_INSTRUMENTAL if params.instrumental else ""),
        music_length_ms=None if params.duration is None else round(params.duration * 1000),
        source_composition_plan=_dump(earlier.plan) if earlier else None,
    )
    with not_billed(explain), time_limit(_PLAN_SECONDS), reading(TITLE):
        planner = call.client.sdk.music.composition_plan
        answer: Any = await planner.create(**fields, model_id=call.model.id, request_options=NO_RETRY)
        # Fields that are newer than this module are dropped: they could not be sent back.
        plan = CompositionPlan.model_validate(answer.model_dump(exclude_none=True), extra="ignore")
    wanted: int = fields.get("music_length_ms", plan.duration_ms)
    if abs(plan.duration_ms - wanted) > _LENGTH_TOLERANCE_MS:
        call.warn(f"{TITLE} planned {plan.duration_ms / 1000:g} seconds instead of a duration of {wanted / 1000:g}.")
    return without_vocals(plan) if params.instrumental else plan


async def _compose(
    call: Call[ElevenLabs, MusicParams], plan: CompositionPlan, earlier: MusicState | None
) -> tuple[bytes | Sink, AudioHeaders, bool]:
    """Return the song, its headers, and whether it was stored to be continued.

    Not every account may store songs, and stored ones may be gone. Both are declined before anything is composed, so
    the request is then sent again without. A plan that uses stored songs needs the same right, so it is not.
    """
    attempts = [(plan, True)] if plan.uses_stored_songs else [(plan, True), (plan, False)]
    reusing = reuse_song(plan, earlier.plan, earlier.song) if earlier and earlier.song else None
    if reusing:
        attempts.insert(0, (reusing, True))
    while True:
        attempt, store = attempts.pop(0)
        try:
            body, headers = await _send(call, attempt, store=store)
        except Exception as error:
            if not (attempts and error_code(error) and isinstance(explain(error), _DECLINED)):
                raise
        else:
            if earlier and attempt is not reusing:
                call.warn("No part of the earlier song could be kept; all of it was composed again from its plan.")
            return body, headers, store


async def _send(
    call: Call[ElevenLabs, MusicParams], plan: CompositionPlan, *, store: bool
) -> tuple[bytes | Sink, AudioHeaders]:
    """Send one paid request."""
    audio_format = find_format(call.params, MUSIC_FORMATS)
    request = call.client.sdk.music.with_raw_response.compose(
        composition_plan=_dump(plan),  # pyright: ignore[reportArgumentType] - what its model becomes on the wire
        model_id=call.model.id,
        output_format=audio_format.code,
        request_options=NO_RETRY,
        **without_none(store_for_inpainting=store or None, seed=call.params.seed),
    )
    return await save(call, request, audio_format, channels=_CHANNELS)


def _dump(plan: CompositionPlan) -> Mapping[str, JSON]:
    return plan.model_dump(mode="json", exclude_none=True)


music: Capability[ElevenLabs, MusicParams] = Capability(
    kind="music",
    name="music",
    params=MusicParams,
    models=(
        Model(id="music_v2_5", max_prompt=_MAX_PROMPT, prices=_PRICES),
        Model(id="music_v2", max_prompt=_MAX_PROMPT, prices=_PRICES),
    ),
    start=_start,
    state=MusicState,
    not_inherited=("composition_plan",),
    preference=10,
    deadline=1200.0,
    refuses=_refuses,
)
"""Compose songs and instrumental music of 3 seconds to 10 minutes."""
