"""What the provider remembers: voices, what was said, songs, previews and dubs."""

from __future__ import annotations

import itertools
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field

from fakes.elevenlabs.catalogue import HOUSE, LOWEST, STEP, Plan, Voice
from fakes.elevenlabs.errors import refusal
from loopback.faults import Fault, Problem, Strict
from loopback.state import Polled, State, new_id


class Settings(Strict):
    """The body of `POST /_settings`: the account, and what the provider has taken away.

    `polls` is how often new work says "not yet", `credits` how many are left, `voices` how many an account may make.
    `inpainting` is whether songs may be kept to be continued. `retired` names the models that are gone, `unlisted`
    those that are also gone from the interface's own list of models, `unlinked` those that cannot go on from a request
    by its id.
    """

    polls: int = Field(default=2, ge=0)
    credits: int = Field(default=1_000_000, ge=0)
    plan: Plan = "creator"
    voices: int = Field(default=30, ge=0)
    inpainting: bool = True
    retired: list[str] = Field(default_factory=list)
    unlisted: list[str] = Field(default_factory=list)
    unlinked: list[str] = Field(default_factory=list)


@dataclass(kw_only=True)
class Spoken:
    """A request that was answered with speech: later ones may go on from it. `said` is its text."""

    kind: Literal["speech", "dialogue"]
    model: str
    said: str


@dataclass(kw_only=True)
class Song:
    """A song. One that was not `kept` cannot be gone on from. `seconds` is its length."""

    seconds: float
    kept: bool


@dataclass(kw_only=True)
class Preview:
    """What a voice said that was designed; `taken` is whether it was kept as a voice."""

    sound: bytes
    mime: str
    taken: bool = False


@dataclass(kw_only=True)
class Dubbing(Polled):
    """A dub under way or done, whose sound follows from `seed`. `seconds` is its length, `size` the pixels of a film.

    `error` is why it will fail, if it will.
    """

    id: str
    name: str
    spoken: str
    language: str
    mime: str
    seconds: float
    size: tuple[int, int] | None
    seed: bytes
    created: str
    error: str = ""


@dataclass(kw_only=True)
class ElevenState(State):
    """Everything from one reset to the next."""

    settings: Settings = field(default_factory=Settings)
    voices: dict[str, Voice] = field(default_factory=lambda: dict(HOUSE))
    spoken: dict[str, Spoken] = field(default_factory=dict[str, Spoken])
    songs: dict[str, Song] = field(default_factory=dict[str, Song])
    previews: dict[str, Preview] = field(default_factory=dict[str, Preview])
    dubbings: dict[str, Dubbing] = field(default_factory=dict[str, Dubbing])
    spent: int = 0

    def expire(self, name: str) -> bool:
        """A voice, a request, a song, a preview or a dub is forgotten for good."""
        kept = (self.voices, self.spoken, self.songs, self.previews, self.dubbings)
        there = [each for each in kept if name in each]
        for each in there:
            each.pop(name)
        return bool(there)

    def served(self, model: str, models: Collection[str]) -> None:
        """Refuse a model that is not one of these, or not any more."""
        if model in self.settings.unlisted:
            left = " or ".join(f"'{each}'" for each in models if each not in self.settings.unlisted)
            raise Fault("body", Problem(place=("model_id",), code="enum", message=f"Input should be {left}"))
        if model not in models or model in self.settings.retired:
            raise refusal(400, "model_not_found", f"A model with model ID {model} does not exist.", param="model_id")

    def voice(self, name: str) -> Voice:
        """The voice of this id; refuse any other."""
        if name not in self.voices:
            message = f"A voice with the voice_id {name} was not found."
            raise refusal(404, "voice_not_found", message, param="voice_id")
        return self.voices[name]

    def add_voice(self, name: str, category: Literal["cloned", "generated"], description: str) -> Voice:
        """Keep a new voice, unless the account has as many as it may."""
        own = sum(voice.category != "premade" for voice in self.voices.values())
        if own >= self.settings.voices:
            message = f"You have reached your maximum amount of custom voices ({own} / {self.settings.voices})."
            raise refusal(400, "voice_limit_reached", message)
        taken = {voice.hertz for voice in self.voices.values()}
        hertz = next(hertz for hertz in itertools.count(LOWEST, STEP) if hertz not in taken)
        voice = Voice(id=(new_id() + new_id())[:20], name=name, category=category, description=description, hertz=hertz)
        self.voices[voice.id] = voice
        return voice

    def spend(self, cost: int) -> None:
        """Take so many credits; refuse when there are not enough."""
        left = self.settings.credits - self.spent
        if cost > left:
            message = f"This request exceeds your quota of {self.settings.credits}. You have {left} credits remaining, "
            raise refusal(401, "quota_exceeded", f"{message}while {cost} credits are required for this request.")
        self.spent += cost
