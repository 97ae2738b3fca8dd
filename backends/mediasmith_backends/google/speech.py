"""Speech: a text read out by one voice, in a language and in a style."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field

from mediasmith.plugin.contract import Accepted, Call, Capability, Model, Params, Result
from mediasmith_backends.google import interactions
from mediasmith_backends.google.client import Google
from mediasmith_backends.google.prices import gemini_price
from mediasmith_backends.google.sign_in import missing_key
from mediasmith_backends.google.voices import DEFAULT_VOICES, PREBUILT, canonical_voice, list_voices

Format: TypeAlias = Literal["mp3", "wav", "ogg"]
"""The formats of speech."""

_REGION_LETTERS = 2


def _canonical_tag(tag: str) -> str:
    """Return a language tag in the case that Google writes it in; in BCP 47 `EN-gb` is the same as `en-GB`."""
    language, *rest = tag.split("-")
    return "-".join((language.lower(), *(part.upper() if len(part) == _REGION_LETTERS else part for part in rest)))


Language: TypeAlias = Annotated[
    str, Field(pattern=r"^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*$"), AfterValidator(_canonical_tag)
]
"""A language as `en` or `en-GB`. Google's contract (of 2026-11-06) declares only that it is a string."""

_MIMES: Mapping[Format, str] = {"mp3": "audio/mp3", "wav": "audio/wav", "ogg": "audio/ogg_opus"}

# A second of audio is 25 tokens, and a thousand characters are about 70 seconds.
SPEECH_MODELS = (
    Model(id="gemini-3.8-flash-tts", max_prompt=30_000, prices=(gemini_price(0.016, "1k_chars"),)),
    Model(id="gemini-3.8-flash-lite-tts", draft=True, max_prompt=30_000, prices=(gemini_price(0.011, "1k_chars"),)),
)
"""The models of speech and dialogue."""


class SpeechParams(Params):
    """The parameters of speech."""

    voice: Annotated[str, AfterValidator(canonical_voice)] = DEFAULT_VOICES[0]
    language: Language | None = None
    instructions: str | None = None
    output_format: Format = "mp3"


def spoken_text(text: str, *, speaker: str = "", style: str | None = None) -> Mapping[str, object]:
    """Return a block of text that is read out verbatim, with its speaker and style beside it."""
    metadata = {"type": "speech_metadata", "speaker": speaker, "style": style}
    given = {name: value for name, value in metadata.items() if value}
    return {"type": "text", "text": text, **({"annotations": [given]} if len(given) > 1 else {})}


async def synthesize(
    client: Google, model: Model, texts: Sequence[Mapping[str, object]], speech_config: object, output_format: Format
) -> Result | Accepted:
    """Send the paying request. Speech is never continued, so Google is asked not to store it."""
    return await interactions.create(
        client,
        "audio",
        model=model.id,
        input=[{"type": "user_input", "content": list(texts)}],
        response_format={"type": "audio", "mime_type": _MIMES[output_format]},
        generation_config={"speech_config": speech_config},
        store=False,
    )


async def _start(call: Call[Google, SpeechParams]) -> Result | Accepted:
    params = call.params
    voice = {"voice": params.voice, "language": params.language}
    config = {name: value for name, value in voice.items() if value}
    text = spoken_text(call.prompt, style=params.instructions)
    return await synthesize(call.client, call.model, [text], [config], params.output_format)


speech: Capability[Google, SpeechParams] = Capability(
    kind="speech",
    name="speech",
    params=SpeechParams,
    models=SPEECH_MODELS,
    start=_start,
    deadline=600.0,
    preference=10,
    missing=missing_key,
    choices={"voice": list_voices},
    builtin_choices={"voice": PREBUILT},
)
"""Speech, with an API key."""
