"""Speech: a text read by a voice, in several requests where it is long, and texts that continue an earlier one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mediasmith.plugin.contract import Call, Capability, Request, Result
from mediasmith.plugin.errors import InvalidRequest, ModelGone
from mediasmith.plugin.params import Seed
from mediasmith.plugin.text_split import split_text
from mediasmith_backends.elevenlabs.audio_formats import (
    VOICE_FORMATS,
    AudioFormat,
    AudioParams,
    Fraction,
    find_format,
    format_refusal,
)
from mediasmith_backends.elevenlabs.audio_stream import AudioHeaders, AudioRequest, Write, receive
from mediasmith_backends.elevenlabs.client import NO_RETRY, TITLE, ElevenLabs, without_none
from mediasmith_backends.elevenlabs.errors import error_code, explain
from mediasmith_backends.elevenlabs.languages import Language, language_code
from mediasmith_backends.elevenlabs.models import SPEECH_MODELS, ContextKind, context_kinds, max_characters
from mediasmith_backends.elevenlabs.speech_parts import speak
from mediasmith_backends.elevenlabs.voices import BUILTIN_VOICES, DEFAULT_VOICE, find_voice, voice_names

_MAX_REQUEST_IDS = 3  # that one request can name
_CONTEXT_CHARACTERS = 500  # of the text before, and of the text after
_UNSUPPORTED = "unsupported_model"  # the code for a kind of context that the model does not take


class SpeechParams(AudioParams):
    """The parameters of speech."""

    voice: str | None = None
    language: Language | None = None
    instructions: Annotated[str | None, Field(min_length=1, max_length=200, pattern=r"^[^\[\]]*$")] = None
    speed: Annotated[float | None, Field(ge=0.7, le=1.2)] = None
    seed: Seed | None = None
    stability: Fraction | None = None
    similarity: Fraction | None = None
    style: Fraction | None = None
    text_normalisation: Literal["auto", "on", "off"] | None = None


class SpeechState(BaseModel):
    """What a text needs to know of the one it continues.

    `voice` is an id. `voice_name` is what the caller named it, which may be another voice's name by now; states of
    older versions lack it. `requests` are the ids of the last requests, `text` is the end of what was said.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, serialize_by_alias=True, defer_build=True
    )

    voice: str = DEFAULT_VOICE
    voice_name: str | None = Field(default=None, validation_alias="called", serialization_alias="called")
    requests: tuple[str, ...] = ()
    text: str = Field(default="", validation_alias="said", serialization_alias="said")


@dataclass(frozen=True, kw_only=True)
class _Part:
    """A part of a text, and how the next one begins."""

    text: str
    next_text: str = ""


@dataclass(kw_only=True)
class _Narration:
    """A text being spoken.

    `state` is where it has got to, `context_kinds` are the ways in which the next request can refer to that.
    """

    call: Call[ElevenLabs, SpeechParams]
    audio_format: AudioFormat
    context_kinds: tuple[ContextKind, ...]
    fields: Mapping[str, Any]
    state: SpeechState

    async def speak_part(self, part: _Part, write: Write) -> AudioHeaders:
        """Send one paid request. One that is declined, unpaid, for its context is sent again with less of it."""
        while True:
            context = self._context(part)
            try:
                headers = await receive(self.call.client, self._request(part.text, context), write)
                break
            except Exception as error:
                if not context or not _declined(error):
                    raise
                self._reduce_context(error)
        requests = (*self.state.requests, headers.request_id)[-_MAX_REQUEST_IDS:] if headers.request_id else ()
        text = _end(f"{self.state.text} {part.text}".strip())
        self.state = self.state.model_copy(update={"requests": requests, "text": text})
        return headers

    def _context(self, part: _Part) -> Mapping[str, Any]:
        """Return the fields that name what comes before and after this part."""
        following = {"next_text": part.next_text} if part.next_text and self.context_kinds else {}
        if "requests" in self.context_kinds and self.state.requests:
            return {"previous_request_ids": list(self.state.requests), **following}
        if "text" in self.context_kinds and self.state.text:
            return {"previous_text": self.state.text, **following}
        return following

    def _reduce_context(self, declined: Exception) -> None:
        if "requests" in self.context_kinds and self.state.requests:
            self.state = self.state.model_copy(update={"requests": ()})
            if error_code(declined) == _UNSUPPORTED:
                self.context_kinds = ("text",)
        else:
            self.context_kinds = ()
        if self.call.state is not None:
            rest = "its text was sent instead" if self.context_kinds else "only the voice is the same"
            self.call.warn(f"{TITLE} did not accept the earlier requests that this continues; {rest}.")

    def _request(self, text: str, context: Mapping[str, Any]) -> AudioRequest:
        return self.call.client.sdk.text_to_speech.with_raw_response.convert(
            self.state.voice,
            text=_with_instructions(text, self.call.params),
            model_id=self.call.model.id,
            output_format=self.audio_format.code,
            request_options=NO_RETRY,
            **self.fields,
            **context,
        )


def _end(text: str) -> str:
    """Return the last words of a text, as many as are used as context."""
    if len(text) <= _CONTEXT_CHARACTERS:
        return text
    cut, _, rest = text[-_CONTEXT_CHARACTERS:].partition(" ")
    return rest or cut


def _declined(error: Exception) -> bool:
    """Return whether a request was declined for what it contains, unpaid."""
    known = explain(error)
    return isinstance(known, InvalidRequest | ModelGone) and known.billed == "no"


def _fields(call: Call[ElevenLabs, SpeechParams]) -> Mapping[str, Any]:
    """Return the fields of every request of a call, other than its text and context."""
    params = call.params
    settings = without_none(
        stability=params.stability, similarity_boost=params.similarity, style=params.style, speed=params.speed
    )
    return without_none(
        language_code=language_code(call, params.language),
        seed=params.seed,
        apply_text_normalization=params.text_normalisation,
        voice_settings=settings or None,
    )


def _with_instructions(text: str, params: SpeechParams) -> str:
    """Return the text after a tag that says how to say it; what is in brackets is not read aloud."""
    return f"[{params.instructions}] {text}" if params.instructions else text


def _refuses(request: Request[SpeechParams]) -> str:
    return format_refusal(request.params, VOICE_FORMATS)


async def _start(call: Call[ElevenLabs, SpeechParams]) -> Result:
    limit = max_characters(call.model.id) - len(_with_instructions("", call.params))
    texts = split_text(call.prompt, limit) if len(call.prompt) > limit else [call.prompt]
    next_texts = [*(split_text(text, _CONTEXT_CHARACTERS)[0] for text in texts[1:]), ""]
    parts = [_Part(text=text, next_text=next_text) for text, next_text in zip(texts, next_texts, strict=True)]
    narration = _Narration(
        call=call,
        audio_format=find_format(call.params, VOICE_FORMATS),
        context_kinds=context_kinds(call.model.id),
        fields=_fields(call),
        state=await _initial_state(call),
    )
    if narration.state.text and not narration.context_kinds:
        call.warn(f"{call.model.id} does not take earlier speech into account; only the voice is the same.")
    spoken = await speak(call, narration.audio_format, parts, narration.speak_part, lambda part: part.text)
    return spoken.result(narration.state, voice_id=narration.state.voice)


async def _initial_state(call: Call[ElevenLabs, SpeechParams]) -> SpeechState:
    """Return the state that this call continues, or a new one, with the voice that speaks now.

    An edit inherits the voice's name as a parameter: the voice only changes where the name is another one.
    """
    earlier: SpeechState = call.state or SpeechState()
    name = call.params.voice or earlier.voice_name
    if not name or name == earlier.voice_name:
        return earlier
    return earlier.model_copy(update={"voice": await find_voice(call.client, name), "voice_name": name})


speech: Capability[ElevenLabs, SpeechParams] = Capability(
    kind="speech",
    name="speech",
    params=SpeechParams,
    models=SPEECH_MODELS,
    start=_start,
    state=SpeechState,
    preference=10,
    deadline=3600.0,
    refuses=_refuses,
    choices={"voice": voice_names},
    builtin_choices={"voice": BUILTIN_VOICES},
)
"""Read texts of any length aloud, and continue earlier ones."""
