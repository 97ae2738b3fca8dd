"""What answers hold. Of what is needed little is demanded, and nothing of the rest: answers grow."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict

from mediasmith.plugin.contract import JSON
from mediasmith.plugin.media import HEAD, sniff
from mediasmith_backends.openai.errors import nonsense


class Answered(BaseModel):
    """A part of an answer. How it is read is made ready when there is one: a start does not wait for it."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)


A = TypeVar("A", bound=Answered)


def read(content: bytes, answer: type[A]) -> A:
    """An answer's body. ValidationError for one that lacks what is needed; blocking when it is large."""
    return answer.model_validate_json(content)


class Problem(Answered):
    """Why something failed."""

    code: Any = None
    message: Any = None


def picture(text: str) -> tuple[bytes, str]:
    """A picture as JSON carries it, and its type by its first bytes.

    Raises:
        ProviderError: this is no picture in base64.
    """
    try:
        body = base64.b64decode("".join(text.split()), validate=True)
    except ValueError as error:
        raise nonsense() from error
    return body, sniff(body[:HEAD])


def told(**facts: JSON) -> Mapping[str, JSON]:
    """Facts for the caller, but for those that the provider left out."""
    return {name: value for name, value in facts.items() if value not in (None, "")}
