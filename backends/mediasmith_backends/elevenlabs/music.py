"""Music: a song is planned first, which is free, and then composed from its plan, so that it can be gone on from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

from mediasmith.plugin.contract import JSON, Call, Capability, Model, Output, Price, Request, Result
from mediasmith.plugin.errors import InvalidRequest, ModelGone, StateGone, Unsuitable
from mediasmith.plugin.files import Sink
from mediasmith.plugin.http_errors import not_billed
from mediasmith_backends.elevenlabs.answers import Told
from mediasmith_backends.elevenlabs.client import ONCE, TITLE, ElevenLabs
from mediasmith_backends.elevenlabs.errors import code_of, explain, patience, sense
from mediasmith_backends.elevenlabs.formats import MUSIC, SoundParams, form, refusal
from mediasmith_backends.elevenlabs.plans import CompositionPlan, resumed, unsung
from mediasmith_backends.elevenlabs.recording import recorded

_UNSUNG = "\n\nInstrumental: without vocals and without lyrics."
_LONGEST_PROMPT = 4100 - len(_UNSUNG)  # characters
_CHANNELS = 2
_PLAN_SECONDS = 120.0  # how long a plan may take; it is a matter of seconds
_LENIENCE_MS = 1000  # how far a plan may be from the length that was asked for without a word about it

_PRICES = (
    Price(
        usd=0.0025,
        per="second",
        as_of=date(2026, 9, 16),
        source="https://github.com/pollinations/pollinations/pull/15042",
    ),
)

_NOT_SO = (InvalidRequest, Unsuitable, ModelGone)
"""How the provider says, before anything is made, that songs are not kept for this account, or that one is gone."""

_ABOUT_PLAN = (
    "The song in parts, in place of the prompt: {chunks: [{text, duration_ms, positive_styles, negative_styles}, …]}. "
    "text holds [Section], lyrics and {directions}; {song_id, range: {start_ms, end_ms}} among the chunks takes over "
    "a stretch of a song that was kept."
)


class MusicParams(SoundParams):
    """What a song can be asked for besides its prompt."""

    duration: Annotated[float | None, Field(ge=3, le=600)] = None
    seed: Annotated[int | None, Field(ge=0, le=2_147_483_647)] = None
    instrumental: bool = False
    composition_plan: (
        Annotated[CompositionPlan, WithJsonSchema({"type": "object", "description": _ABOUT_PLAN})] | None
    ) = None


@dataclass(frozen=True, kw_only=True)
class _Made:
    """A song of this provider's: the id under which it is kept, if it is, and what it was composed from."""

    song: str
    plan: CompositionPlan


def _refuses(ask: Request[MusicParams]) -> str:
    return refusal(ask.params, MUSIC) or next(_objections(ask), "")


def _objections(ask: Request[MusicParams]) -> Iterator[str]:
    params = ask.params
    if params.composition_plan is None:
        if not ask.prompt.strip():
            yield "takes a prompt, or a composition_plan"
        return
    if ask.state is not None:
        yield "takes a composition_plan for a new song, not for one that is continued"
    if params.duration is not None:
        yield "takes no duration beside a composition_plan, whose parts say how long they are"
    if params.instrumental:
        yield "takes instrumental for a song that the prompt describes, not beside a composition_plan"


async def _start(call: Call[ElevenLabs, MusicParams]) -> Result:
    before = _read(call.state)
    plan = await _planned(call, before)
    body, told, kept = await _composed(call, plan, before)
    state: JSON = {"song": told.song_id if kept and told.song_id else None, "plan": _dumped(plan)}
    mime = form(call.params, MUSIC).mime
    return Result(outputs=(Output(body=body, mime=mime, state=state),), details=told.details)


def _read(state: JSON) -> _Made | None:
    """The song that is continued, if one is."""
    match state:
        case None:
            return None
        case {"song": str() | None as song, "plan": plan}:
            return _Made(song=song or "", plan=CompositionPlan.model_validate(plan))
        case _:
            raise StateGone("How this song was composed is not known.")


async def _planned(call: Call[ElevenLabs, MusicParams], before: _Made | None) -> CompositionPlan:
    """What will be composed: the plan that is given, or one that the provider makes of the prompt for nothing."""
    params = call.params
    if params.composition_plan:
        if call.prompt.strip():
            call.warn("The plan says what is composed, so the prompt was left out.")
        return params.composition_plan
    asked: dict[str, Any] = {"prompt": call.prompt + (_UNSUNG if params.instrumental else "")}
    if params.duration is not None:
        asked["music_length_ms"] = round(params.duration * 1000)
    if before:
        asked["source_composition_plan"] = _dumped(before.plan)
    with not_billed(explain), patience(_PLAN_SECONDS), sense():
        planning = call.client.sdk.music.composition_plan
        answer: Any = await planning.create(**asked, model_id=call.model.id, request_options=ONCE)
        # What newer interfaces may add to a plan is not sent back to them.
        plan = CompositionPlan.model_validate(answer.model_dump(exclude_none=True), extra="ignore")
    wanted: int = asked.get("music_length_ms", plan.duration_ms)
    if abs(plan.duration_ms - wanted) > _LENIENCE_MS:
        call.warn(f"{TITLE} planned {plan.duration_ms / 1000:g} seconds in place of a duration of {wanted / 1000:g}.")
    return unsung(plan) if params.instrumental else plan


async def _composed(
    call: Call[ElevenLabs, MusicParams], plan: CompositionPlan, before: _Made | None
) -> tuple[bytes | Sink, Told, bool]:
    """The song, and whether it is kept to be continued; that is not for every account.

    What is not allowed is refused before anything is made, so the request is then made without it. A plan that takes
    from songs asks for the same right that keeping one does, so it is not asked for without.
    """
    attempts = [(plan, True)] if plan.takes_from_songs else [(plan, True), (plan, False)]
    again = resumed(plan, before.plan, before.song) if before and before.song else None
    if again:
        attempts.insert(0, (again, True))
    while True:
        asked, kept = attempts.pop(0)
        try:
            body, told = await _compose(call, asked, keep=kept)
        except Exception as error:
            if not (attempts and code_of(error) and isinstance(explain(error), _NOT_SO)):
                raise
        else:
            if before and asked is not again:
                call.warn("Nothing of the song itself could be taken over; it was composed anew from its plan.")
            return body, told, kept


async def _compose(
    call: Call[ElevenLabs, MusicParams], plan: CompositionPlan, *, keep: bool
) -> tuple[bytes | Sink, Told]:
    """One request that is paid for."""
    params = call.params
    of = form(params, MUSIC)
    beside: dict[str, Any] = {"store_for_inpainting": True} if keep else {}
    beside |= {"seed": params.seed} if params.seed is not None else {}
    asked = call.client.sdk.music.with_raw_response.compose(
        composition_plan=_dumped(plan),  # pyright: ignore[reportArgumentType] - what its type becomes on the wire
        model_id=call.model.id,
        output_format=of.code,
        request_options=ONCE,
        **beside,
    )
    return await recorded(call, asked, of, channels=_CHANNELS)


def _dumped(plan: CompositionPlan) -> Mapping[str, JSON]:
    return plan.model_dump(mode="json", exclude_none=True)


music: Capability[ElevenLabs, MusicParams] = Capability(
    kind="music",
    name="music",
    params=MusicParams,
    models=(
        Model(id="music_v2_5", max_prompt=_LONGEST_PROMPT, prices=_PRICES),
        Model(id="music_v2", max_prompt=_LONGEST_PROMPT, prices=_PRICES),
    ),
    start=_start,
    not_inherited=("composition_plan",),
    preference=10,
    deadline=1200.0,
    refuses=_refuses,
)
"""Songs and instrumental music, of 3 seconds to 10 minutes."""
