"""What is wrong with a request, before a provider has put it in its own words."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from loopback.connection import Answer, Request


class Strict(BaseModel):
    """No unknown field, no null where a value is due, no text where a number is."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


M = TypeVar("M", bound=Strict)

Kind: TypeAlias = Literal["path", "no key", "wrong key", "type", "body", "contract"]
"""What a fault is about; `contract` is what the provider's published contract does not know."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing wrong with a body: where, which kind (as pydantic or the rule names it), and in words."""

    place: tuple[str | int, ...] = ()
    code: str = ""
    message: str

    @property
    def field(self) -> str:
        """The place as most providers write it: `tools[0].quality`."""
        text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.place)
        return text.removeprefix(".")


class Fault(Exception):
    """A request is refused; the provider's `Wording` says how."""

    def __init__(self, kind: Kind, *problems: Problem) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.kind: Kind = kind
        self.problems = problems


class Refusal(Exception):
    """A request is refused, in the provider's own words."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


Wording: TypeAlias = Callable[[Fault], Answer]
"""How a provider says what is wrong."""


def answer_json(value: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer in JSON."""
    return Answer(status=status, body=json.dumps(value).encode(), headers=headers or {})


def fault(kind: Kind, message: str) -> Fault:
    """A fault of one problem that has no place."""
    return Fault(kind, Problem(message=message))


def rule(code: str, message: str, *place: str | int) -> PydanticCustomError:
    """What a validator raises when fields do not go together: the problem is at this place below the model."""
    # Braces would be read as places to fill in.
    return PydanticCustomError(code, message.replace("{", "(").replace("}", ")"), {"place": place})  # pyright: ignore[reportArgumentType] - the type wants a literal


def parsed(model: type[M], body: bytes) -> M:
    """A body in JSON that fits this model; raises `Fault`."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise _fault(error.errors(include_url=False)) from error


def parsed_fields(model: type[M], fields: Mapping[str, object]) -> M:
    """The text fields of a form or a query that fit this model; raises `Fault`."""
    try:
        return model.model_validate_strings(fields)
    except ValidationError as error:
        raise _fault(error.errors(include_url=False)) from error


def _fault(errors: Sequence[ErrorDetails]) -> Fault:
    return Fault("body", *(_problem(error) for error in errors))


def _problem(error: ErrorDetails) -> Problem:
    place = (*error["loc"], *error.get("ctx", {}).get("place", ()))
    return Problem(place=place, code=error["type"], message=error["msg"])


_CODES: Mapping[Kind, tuple[int, str]] = {
    "path": (404, "not_found"),
    "no key": (401, "unauthorized"),
    "wrong key": (401, "unauthorized"),
    "type": (415, "invalid"),
    "body": (400, "invalid"),
    "contract": (400, "contract"),
}


def plain(found: Fault) -> Answer:
    """The wording of a provider without manners of its own."""
    status, code = _CODES[found.kind]
    message = "; ".join(f"{problem.field}: {problem.message}".removeprefix(": ") for problem in found.problems)
    return answer_json({"error": {"code": code, "message": message}}, status=status)


def bearer(request: Request) -> str:
    """The key a request is signed with; raises `Fault` when there is none."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme != "Bearer" or not key:
        raise fault("no key", "A bearer key is needed.")
    return key
