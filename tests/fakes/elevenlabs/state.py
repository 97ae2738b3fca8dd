"""What the provider remembers: voices, requests, songs, previews and dubs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field

from fakes.elevenlabs.errors import refusal
from loopback.faults import Fault, Problem, Strict
from loopback.state import Polled, State, new_id

FORBIDDEN = "forbidden"
"""A text with this word is against the provider's rules: it is refused, and costs nothing."""

VOICES = {
    "JBFqnCBsd6RMkjVDRZzb": "George",
    "EXAVITQu4vr4xnSDxMaL": "Sarah - Mature, Reassuring, Confident",
    "CwhRBWXzGAHq8TQ4Fs17": "Roger - Laid-Back, Casual, Resonant",
    "FGY2WhTYpPnrIDTdsKH5": "Laura - Enthusiast, Quirky Attitude",
    "IKne3meq5aSn9XLyUdCD": "Charlie - Deep, Confident, Energetic",
    "XB0fDUnXU5powFXDhCwa": "Charlotte",
    "N2lVS1w4EtoT3dr4eOWO": "Callum - Husky Trickster",
    "TX3LPaxmHKxFdv7VOQHJ": "Liam - Energetic, Social Media Creator",
    "Xb7hH8MSUJpSbSDYk0k2": "Alice - Clear, Engaging Educator",
    "XrExE9yKIg1WjnnlVkGX": "Matilda - Knowledgable, Professional",
    "cgSgspJ2msm6clMCkdW9": "Jessica - Playful, Bright, Warm",
    "nPczCjzI2devNBz1zQrb": "Brian - Deep, Resonant and Comforting",
}
"""The names of the voices that every account has, by id."""

GEORGE, SARAH, ROGER = list(VOICES)[:3]
"""The ids of three of them."""


class Settings(Strict):
    """The account, and what the provider has withdrawn.

    `polls` is how often a new dub is not done yet, `credits` how many are left, `voices` how many the account may
    create. `inpainting` is whether songs may be stored. `retired` names the models that are gone, `unlisted` those that
    are no valid value any more, `unlinked` those that take no ids of earlier requests.
    """

    polls: int = Field(default=2, ge=0)
    credits: int = Field(default=1_000_000, ge=0)
    plan: Literal["free", "creator", "pro"] = "creator"
    voices: int = Field(default=30, ge=0)
    inpainting: bool = True
    retired: list[str] = Field(default_factory=list)
    unlisted: list[str] = Field(default_factory=list)
    unlinked: list[str] = Field(default_factory=list)


@dataclass(kw_only=True)
class Preview:
    """A designed voice; `saved` is whether it became a voice of the account."""

    audio: bytes
    saved: bool = False


@dataclass(kw_only=True)
class Dub(Polled):
    """A dub under way or done."""

    language: str
    video: bool
    error: str


@dataclass(kw_only=True)
class ElevenState(State):
    """Everything from one reset to the next. `songs` has the milliseconds of stored songs."""

    settings: Settings = field(default_factory=Settings)
    voices: dict[str, str] = field(default_factory=lambda: dict(VOICES))
    requests: dict[str, Literal["speech", "dialogue"]] = field(
        default_factory=dict[str, 'Literal["speech", "dialogue"]']
    )
    songs: dict[str, int] = field(default_factory=dict[str, int])
    previews: dict[str, Preview] = field(default_factory=dict[str, Preview])
    dubs: dict[str, Dub] = field(default_factory=dict[str, Dub])
    spent: int = 0

    def expire(self, name: str) -> bool:
        """Forget a voice, a request, a song, a preview or a dub."""
        kept = (self.voices, self.requests, self.songs, self.previews, self.dubs)
        return any(each.pop(name, None) is not None for each in kept)

    def require_model(self, model: str | None, models: Collection[str]) -> str:
        """Return the model; refuse one that is not among these, or not any more."""
        if model in self.settings.unlisted:
            raise Fault("body", Problem(place=("model_id",), code="enum", message="Input should be another model"))
        if not model or model not in models or model in self.settings.retired:
            raise refusal(400, "model_not_found", f"A model with model ID {model} does not exist.", param="model_id")
        return model

    def require_voice(self, voice: str) -> None:
        """Refuse an id that no voice has."""
        if voice not in self.voices:
            raise refusal(404, "voice_not_found", f"A voice with the voice_id {voice} was not found.", param="voice_id")

    def add_voice(self, name: str) -> str:
        """Return the id of a new voice, unless the account has as many as it may."""
        if len(self.voices) - len(VOICES) >= self.settings.voices:
            raise refusal(400, "voice_limit_reached", "You have reached your maximum amount of custom voices.")
        voice = short_id()
        self.voices[voice] = name
        return voice

    def spend(self, credits_: int) -> None:
        """Charge the account; refuse when it has too few credits."""
        if self.spent + credits_ > self.settings.credits:
            raise refusal(401, "quota_exceeded", "This request exceeds your quota.")
        self.spent += credits_


def short_id() -> str:
    """Return a new id in the provider's form: twenty letters and digits."""
    return (new_id() + new_id())[:20]


def moderate(text: str) -> None:
    """Refuse a text that is against the provider's rules."""
    if FORBIDDEN in text:
        message = "We are sorry but the text you are trying to use may violate our Terms of Service."
        raise refusal(400, "content_against_policy", message)
