"""Speech: words said by a voice as they stand, in a language and in a manner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field

from mediasmith.plugin.contract import Call, Capability, Model, Params, Result
from mediasmith_backends.google import interactions
from mediasmith_backends.google.client import Google
from mediasmith_backends.google.modes import with_key
from mediasmith_backends.google.prices import gemini
from mediasmith_backends.google.voices import DEFAULT, spelt, voices

Format: TypeAlias = Literal["mp3", "wav", "ogg"]
"""What speech can be saved as."""


def _cased(tag: str) -> str:
    """A tag of a language as the provider writes it. To BCP 47, which it speaks of, `EN-gb` is the same as `en-GB`."""
    language, *further = tag.split("-")
    return "-".join((language.lower(), *(part.upper() if len(part) == _REGION else part for part in further)))


Language: TypeAlias = Annotated[str, Field(pattern=r"^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*$"), AfterValidator(_cased)]
"""A language as `en` or `en-GB`. Google's contract (of 2026-11-06) says only that it is a text."""

_REGION = 2
"""Letters of a region."""

_MIMES: Mapping[Format, str] = {"mp3": "audio/mp3", "wav": "audio/wav", "ogg": "audio/ogg_opus"}

# Audio is 25 tokens a second, and a thousand characters are about 70 seconds.
MODELS = (
    Model(id="gemini-3.8-flash-tts", max_prompt=30_000, prices=(gemini(0.016, "1k_chars"),)),
    Model(id="gemini-3.8-flash-lite-tts", draft=True, max_prompt=30_000, prices=(gemini(0.011, "1k_chars"),)),
)
"""The models that speak."""


class SpeechParams(Params):
    """What a voice can be told besides its words."""

    voice: Annotated[str, AfterValidator(spelt)] = DEFAULT[0]
    language: Language | None = None
    instructions: str | None = None
    output_format: Format = "mp3"


def turn(text: str, *, speaker: str = "", style: str | None = None) -> Mapping[str, object]:
    """Words to be said. What stands in `text` is said as it stands; who says it, and how, stands beside it."""
    manner = {"type": "speech_metadata", "speaker": speaker, "style": style}
    told = {name: value for name, value in manner.items() if value}
    return {"type": "text", "text": text, **({"annotations": [told]} if len(told) > 1 else {})}


async def spoken(
    client: Google, model: Model, turns: Sequence[Mapping[str, object]], speech_config: object, form: Format
) -> Result:
    """Have it said. Nothing goes on from speech, so the provider keeps none of it."""
    interaction = await interactions.at_once(
        client,
        model=model.id,
        input=[{"type": "user_input", "content": list(turns)}],
        response_format={"type": "audio", "mime_type": _MIMES[form]},
        generation_config={"speech_config": speech_config},
        store=False,
    )
    return await interactions.finished(client, interaction, "audio")


async def _start(call: Call[Google, SpeechParams]) -> Result:
    params = call.params
    voice = {"voice": params.voice, "language": params.language}
    config = {name: value for name, value in voice.items() if value}
    words = turn(call.prompt, style=params.instructions)
    return await spoken(call.client, call.model, [words], [config], params.output_format)


speech: Capability[Google, SpeechParams] = Capability(
    kind="speech",
    name="speech",
    params=SpeechParams,
    models=MODELS,
    start=_start,
    deadline=600.0,
    preference=10,
    missing=with_key,
    choices={"voice": voices},
)
"""Speech, with an API key."""
