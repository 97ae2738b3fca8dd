"""Languages: ours have regions, the provider's have none."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from mediasmith_backends.elevenlabs.client import TITLE

Language: TypeAlias = Annotated[str, Field(pattern=r"^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*$")]
"""A language as `en` or `en-GB`."""


def provider_code(language: str) -> str:
    """What the provider calls a language."""
    return language.partition("-")[0].lower()


def loss(language: str) -> str:
    """What is to be said of a language that has more than the provider takes; else nothing."""
    if "-" not in language:
        return ""
    return f"{TITLE} takes no regions: language {provider_code(language)} was sent for {language}."
