"""What the fake remembers, and how it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from fakes.fal import WRONG_KEY
from loopback.connection import Answer, Request
from loopback.faults import Fault, Refusal, Strict, answer_json, fault
from loopback.state import Polled, State


class Settings(Strict):
    """How many polls a new request stays pending."""

    polls: int = Field(default=2, ge=0)


@dataclass(kw_only=True)
class Queued(Polled):
    """A request in the queue; `body` is what it asks of its endpoint."""

    id: str
    endpoint: str
    body: Any


@dataclass(kw_only=True)
class FalState(State):
    """Everything from one reset to the next. `files` are what was made."""

    settings: Settings = field(default_factory=Settings)
    requests: dict[str, Queued] = field(default_factory=dict[str, Queued])
    files: dict[str, Answer] = field(default_factory=dict[str, Answer])


def refusal(status: int, detail: object, **more: object) -> Refusal:
    """Return a refusal in fal's form."""
    return Refusal(answer_json({"detail": detail, **more}, status=status))


def sign_in(request: Request) -> None:
    """Refuse a request whose key is missing or wrong."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme != "Key" or not key:
        raise fault("no key", "No key was given.")
    if key == WRONG_KEY:
        raise fault("wrong key", "The key is not known.")


_STATUSES: Mapping[str, int] = {"path": 404, "no key": 401, "wrong key": 401, "type": 415}


def wording(found: Fault) -> Answer:
    """Return any other refusal in fal's form: what is wrong with an input is a list."""
    if found.kind == "body":
        detail = [{"loc": ["body", *one.place], "msg": one.message, "type": one.code} for one in found.problems]
        return refusal(422, detail).answer
    words = "; ".join(problem.message for problem in found.problems)
    return refusal(_STATUSES.get(found.kind, 400), words).answer
