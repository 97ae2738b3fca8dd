"""Speech: a text read by a voice, in several requests where it is long, and what goes on from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from mediasmith.plugin.contract import JSON, Call, Capability, Request, Result
from mediasmith.plugin.errors import InvalidRequest, ModelGone, StateGone
from mediasmith.plugin.params import Seed
from mediasmith.plugin.text_split import split_text
from mediasmith_backends.elevenlabs.answers import Asked, Told, received
from mediasmith_backends.elevenlabs.client import ONCE, TITLE, ElevenLabs, present
from mediasmith_backends.elevenlabs.errors import code_of, explain
from mediasmith_backends.elevenlabs.formats import VOICES, Form, Fraction, SoundParams, form, refusal
from mediasmith_backends.elevenlabs.languages import Language, loss, provider_code
from mediasmith_backends.elevenlabs.models import SPEECH_MODELS, Joint, joints, longest
from mediasmith_backends.elevenlabs.parts import Write, said
from mediasmith_backends.elevenlabs.voices import DEFAULT, names, resolved

_REQUESTS = 3  # so many earlier ones can be named
_REMEMBERED = 500  # characters of what was said, or of what will be
_UNSUPPORTED = "unsupported_model"  # the provider's code for what this model is not told


class SpeechParams(SoundParams):
    """What a voice can be told besides its words."""

    voice: str | None = None
    language: Language | None = None
    instructions: Annotated[str | None, Field(min_length=1, max_length=200, pattern=r"^[^\[\]]*$")] = None
    speed: Annotated[float | None, Field(ge=0.7, le=1.2)] = None
    seed: Seed | None = None
    stability: Fraction | None = None
    similarity: Fraction | None = None
    style: Fraction | None = None
    text_normalisation: Literal["auto", "on", "off"] | None = None


@dataclass(frozen=True, kw_only=True)
class _Piece:
    """A piece of a text, and how the next one begins."""

    text: str
    following: str = ""


@dataclass(frozen=True, kw_only=True)
class _Earlier:
    """What a text goes on from: its voice, by its id and as it was `called`, the ids of its requests, and its end."""

    voice: str = DEFAULT
    called: str | None = None
    requests: tuple[str, ...] = ()
    said: str = ""


@dataclass(kw_only=True)
class _Reading:
    """A text being read: what was said so far, and how the next request is told of it.

    `voice` is an id, which stays what it is; what a voice is `called` may be another one's name tomorrow.
    """

    call: Call[ElevenLabs, SpeechParams]
    voice: str
    called: str | None
    form: Form
    joints: tuple[Joint, ...]
    requests: tuple[str, ...] = ()
    said: str = ""

    @property
    def state(self) -> JSON:
        """What goes on from here needs to know."""
        return {"voice": self.voice, "called": self.called, "requests": self.requests, "said": self.said}

    async def say(self, piece: _Piece, write: Write) -> Told:
        """One request, paid for once. One that is turned down for what it tells of others is sent with less of it."""
        while True:
            context = self._context(piece)
            try:
                told = await received(self.call.client, self._asked(piece.text, context), write)
                break
            except Exception as error:
                if not context or not _declined(error):
                    raise
                self._tell_less(error)
        self.requests = (*self.requests, told.request_id)[-_REQUESTS:] if told.request_id else ()
        self.said = _end(f"{self.said} {piece.text}".strip())
        return told

    def _context(self, piece: _Piece) -> Mapping[str, Any]:
        """What the request is told of those around it."""
        following = {"next_text": piece.following} if piece.following and self.joints else {}
        if "requests" in self.joints and self.requests:
            return {"previous_request_ids": list(self.requests), **following}
        return {"previous_text": self.said, **following} if "text" in self.joints and self.said else following

    def _tell_less(self, declined: Exception) -> None:
        if "requests" in self.joints and self.requests:
            self.requests = ()
            if code_of(declined) == _UNSUPPORTED:
                self.joints = ("text",)
        else:
            self.joints = ()
        if self.call.state is not None:
            how = "its text was sent in their place" if self.joints else "only the voice is the same"
            self.call.warn(f"{TITLE} did not take the requests that this goes on from; {how}.")

    def _asked(self, text: str, context: Mapping[str, Any]) -> Asked:
        return self.call.client.sdk.text_to_speech.with_raw_response.convert(
            self.voice,
            text=_directed(text, self.call.params),
            model_id=self.call.model.id,
            output_format=self.form.code,
            request_options=ONCE,
            **_given(self.call.params),
            **context,
        )


def _end(text: str) -> str:
    """What is remembered of a text: its last words."""
    if len(text) <= _REMEMBERED:
        return text
    cut, _, rest = text[-_REMEMBERED:].partition(" ")
    return rest or cut


def _declined(error: Exception) -> bool:
    """Whether a request was turned down for what it said, unpaid."""
    known = explain(error)
    return isinstance(known, InvalidRequest | ModelGone) and known.billed == "no"


def _given(params: SpeechParams) -> Mapping[str, Any]:
    """What is asked for beside the voice and the words."""
    settings = present(
        stability=params.stability, similarity_boost=params.similarity, style=params.style, speed=params.speed
    )
    return present(
        language_code=params.language and provider_code(params.language),
        seed=params.seed,
        apply_text_normalization=params.text_normalisation,
        voice_settings=settings or None,
    )


def _directed(text: str, params: SpeechParams) -> str:
    """The text behind a tag that says how to say it: what stands in brackets is not read aloud."""
    return f"[{params.instructions}] {text}" if params.instructions else text


def _refuses(ask: Request[SpeechParams]) -> str:
    return refusal(ask.params, VOICES)


async def _start(call: Call[ElevenLabs, SpeechParams]) -> Result:
    params = call.params
    if params.language and (lost := loss(params.language)):
        call.warn(lost)
    reading = await _reading(call)
    limit = longest(call.model.id) - len(_directed("", params))
    texts = split_text(call.prompt, limit) if len(call.prompt) > limit else [call.prompt]
    beginnings = [split_text(text, _REMEMBERED)[0] for text in texts[1:]]
    parts = [_Piece(text=text, following=next_) for text, next_ in zip(texts, [*beginnings, ""], strict=True)]
    made = await said(call, reading.form, parts, reading.say, lambda part: part.text)
    return made.result(reading.state, voice_id=reading.voice)


async def _reading(call: Call[ElevenLabs, SpeechParams]) -> _Reading:
    """The voice found, and what was said before."""
    before = _earlier(call.state)
    asked = call.params.voice or before.called  # an edit takes over what the voice was called
    voice = before.voice
    if asked and asked != before.called:
        voice = await resolved(call.client, asked)
    able = joints(call.model.id)
    if before.said and not able:
        call.warn(f"{call.model.id} is not told what was said before; only the voice is the same.")
    return _Reading(
        call=call,
        voice=voice,
        called=asked,
        form=form(call.params, VOICES),
        joints=able,
        requests=before.requests,
        said=before.said,
    )


def _earlier(state: JSON) -> _Earlier:
    """What is known of the speech that this goes on from. How its voice was called is not in older states."""
    match state:
        case None:
            return _Earlier()
        case {"voice": str(voice), "requests": [*requests], "said": str(spoken), **more}:
            called = more.get("called")
            return _Earlier(
                voice=voice,
                called=called if isinstance(called, str) else None,
                requests=tuple(map(str, requests)),
                said=spoken,
            )
        case _:
            raise StateGone(f"What is known of the speech to go on from is not of a form that {TITLE} can use.")


speech: Capability[ElevenLabs, SpeechParams] = Capability(
    kind="speech",
    name="speech",
    params=SpeechParams,
    models=SPEECH_MODELS,
    start=_start,
    preference=10,
    deadline=3600.0,
    refuses=_refuses,
    choices={"voice": names},
)
"""Texts, read aloud, and what follows on them."""
