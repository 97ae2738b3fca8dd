"""Songs, from a prompt or a plan, and plans: `/v1/music`."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import shake_256
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from fakes.elevenlabs.answers import answered, short_id
from fakes.elevenlabs.catalogue import FORBIDDEN
from fakes.elevenlabs.errors import refusal
from fakes.elevenlabs.formats import Common, allow
from fakes.elevenlabs.lasting import lasting
from fakes.elevenlabs.plans import LONGEST_MS, AnyPlan, ChunkPlan, Plan, drawn_up, length, redrawn, references
from fakes.elevenlabs.sounding import Note
from fakes.elevenlabs.state import ElevenState, Song
from loopback.connection import Answer
from loopback.faults import Refusal, Strict, answer_json, rule
from loopback.routes import Asked, Route

_Asked: TypeAlias = Asked[ElevenState]

COPYRIGHTED = "copyrighted"
"""A prompt or a plan with this word is refused, and one without it is suggested instead."""

_MODELS = ("music_v1", "music_v2", "music_v2_5")
_USUAL_MS = 6_000
_CREDITS = 12  # a second
_LOWEST, _LOOPS, _CHOICES = 100, 10, 100

Prompt: TypeAlias = Annotated[str, Field(min_length=1, max_length=4100)]
Length: TypeAlias = Annotated[int, Field(ge=3000, le=LONGEST_MS)]
Model: TypeAlias = Literal["music_v1", "music_v2", "music_v2_5"]


class Composing(Strict):
    """The body of `POST /v1/music`."""

    prompt: Prompt | None = None
    composition_plan: Plan | None = None
    music_length_ms: Length | None = None
    model_id: Model = "music_v1"
    seed: int | None = Field(default=None, ge=0, le=2_147_483_647)
    force_instrumental: bool = False
    respect_sections_durations: bool = True
    store_for_inpainting: bool = False
    sign_with_c2pa: bool = False

    @model_validator(mode="after")
    def _holds_together(self) -> Composing:
        if (self.prompt is None) == (self.composition_plan is None):
            raise rule("value_error", "is given, or composition_plan, and not both", "prompt")
        planned = self.composition_plan is not None
        alone = ("music_length_ms", "force_instrumental") if planned else ("seed", "respect_sections_durations")
        for word in self.model_fields_set.intersection(alone):
            raise rule("value_error", f"is only used with a {'prompt' if planned else 'composition_plan'}", word)
        if self.model_id != "music_v1" and "respect_sections_durations" in self.model_fields_set:
            # The provider would look past it; what has no effect is a mistake of who asks for it.
            raise rule("value_error", f"has no effect on {self.model_id}", "respect_sections_durations")
        _fits(self.model_id, self.composition_plan, "composition_plan")
        return self

    @property
    def milliseconds(self) -> int:
        """How long the song becomes."""
        return length(self.composition_plan) if self.composition_plan else self.music_length_ms or _USUAL_MS


class Planner(Strict):
    """The body of `POST /v1/music/plan`."""

    prompt: Prompt
    music_length_ms: Length | None = None
    source_composition_plan: Plan | None = None
    model_id: Model = "music_v1"

    @model_validator(mode="after")
    def _holds_together(self) -> Planner:
        _fits(self.model_id, self.source_composition_plan, "source_composition_plan")
        return self


def _fits(model: str, plan: AnyPlan | None, field: str) -> None:
    if plan is None:
        return
    if isinstance(plan, ChunkPlan) == (model == "music_v1"):
        raise rule("value_error", f"is not of the form that {model} takes", field)
    if length(plan) > LONGEST_MS:
        raise rule("value_error", f"is longer than {LONGEST_MS} ms", field)


class Heard(Strict):
    """The query of `POST /v1/music`."""

    output_format: Literal["auto", "mp3_48000_128", "mp3_48000_192", "mp3_48000_240", "mp3_48000_320"] | Common = "auto"


def _check(asked: _Asked) -> None:
    """Refuse what the model, the account or the rules are against."""
    body: Composing = asked.body
    state = asked.state
    state.served(body.model_id, _MODELS)
    form = asked.query.output_format
    allow(form, state.settings.plan)
    if body.sign_with_c2pa and not form.startswith(("auto", "mp3")):
        raise refusal(400, "invalid_parameters", "Only MP3 files can be signed.", param="sign_with_c2pa")
    if not state.settings.inpainting and (body.store_for_inpainting or _goes_on(body)):
        raise refusal(403, "feature_not_available", "Your account has no access to music inpainting.")
    for part in references(body.composition_plan) if body.composition_plan else ():
        song = state.songs.get(part.song_id)
        if song is None or not song.kept:
            raise refusal(404, "song_not_found", f"A song with the song_id {part.song_id} was not found.")
        if part.range.end_ms > 1000 * song.seconds:
            raise refusal(400, "invalid_parameters", "The range is not within the song.", param="range")


def _goes_on(body: Composing) -> bool:
    return body.composition_plan is not None and any(references(body.composition_plan))


def _compose(asked: _Asked) -> Answer:
    body: Composing = asked.body
    _moderate(body.prompt, body.composition_plan)
    seconds = body.milliseconds / 1000
    form = asked.query.output_format
    if form == "auto":
        form = "mp3_44100_128" if body.model_id == "music_v1" else "mp3_48000_192"
    seed = body.model_dump_json(exclude={"store_for_inpainting"}).encode()
    hertz = _LOWEST + _LOOPS * (shake_256(seed).digest(1)[0] % _CHOICES)
    song = short_id()
    headers = {"song-id": song, "request-id": short_id()}
    data = lasting(Note(hertz, seconds), seed, form)
    answer = answered(asked.state, _CREDITS * seconds, data, form, **headers)
    asked.state.songs[song] = Song(seconds=seconds, kept=body.store_for_inpainting)
    return answer


def _moderate(prompt: str | None, plan: AnyPlan | None) -> None:
    """Refuse what the rules or the rights of others are against; for the latter something else is suggested."""
    text = plan.model_dump_json() if plan else prompt or ""
    if FORBIDDEN in text:
        raise _bad(plan, {})
    if COPYRIGHTED not in text:
        return
    better = text.replace(COPYRIGHTED, "original")
    if plan is None:
        raise _bad(plan, {"prompt_suggestion": better})
    suggested = type(plan).model_validate_json(better)
    raise _bad(plan, {"composition_plan_suggestion": suggested.model_dump(mode="json")})


def _bad(plan: AnyPlan | None, data: Mapping[str, object]) -> Refusal:
    thing = "composition plan" if plan else "prompt"
    message = f"The {thing} may violate our Terms of Service."
    return refusal(400, f"bad_{thing}".replace(" ", "_"), message, data=data)


def _plan(asked: _Asked) -> Answer:
    body: Planner = asked.body
    asked.state.served(body.model_id, _MODELS)
    _moderate(body.prompt, None)
    source = body.source_composition_plan
    if source and body.music_length_ms in (None, length(source)):
        made = redrawn(source, body.prompt)
    else:
        made = drawn_up(body.prompt, body.music_length_ms or _USUAL_MS, sections=body.model_id == "music_v1")
    return answer_json(made.model_dump(mode="json"))


ROUTES: Mapping[str, Route[ElevenState]] = {
    "POST /v1/music": Route(answer=_compose, body=Composing, query=Heard, check=_check),
    "POST /v1/music/plan": Route(answer=_plan, body=Planner),
}
"""The requests for songs; plans are free."""
