"""Languages: Mediasmith's codes may name a region, the provider's do not."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import Field

from mediasmith.plugin.contract import Call
from mediasmith_backends.elevenlabs.client import TITLE, ElevenLabs

Language: TypeAlias = Annotated[str, Field(pattern=r"^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*$")]
"""A language as `en` or `en-GB`."""


def language_code(call: Call[ElevenLabs, Any], language: str | None) -> str | None:
    """Return the provider's code for a language, with a warning where the region is lost."""
    if language is None:
        return None
    code, hyphen, _ = language.partition("-")
    code = code.lower()
    if hyphen:
        call.warn(f"{TITLE} takes languages without a region: {code} was sent as the language instead of {language}.")
    return code
