"""What the fake remembers, and how it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from fakes.replicate import WRONG_KEY
from fakes.replicate.models import MODELS, Served
from loopback.connection import Answer, Request
from loopback.faults import Fault, Refusal, Strict, answer_json, bearer, fault
from loopback.state import Polled, State


class Settings(Strict):
    """How many polls a new prediction stays pending, and which models are gone."""

    polls: int = Field(default=2, ge=0)
    retired: list[str] = Field(default_factory=list)


@dataclass(kw_only=True)
class Prediction(Polled):
    """A prediction. Its files are made when they are downloaded. Of a `removed` one nothing is left but its id."""

    id: str
    model: str
    version: str
    input: Mapping[str, Any]
    removed: bool = False

    @property
    def served(self) -> Served:
        """The model that runs it."""
        return MODELS[self.model]


@dataclass(kw_only=True)
class ReplicateState(State):
    """Everything from one reset to the next. `files` are the types of uploaded files, by their ids."""

    settings: Settings = field(default_factory=Settings)
    predictions: dict[str, Prediction] = field(default_factory=dict[str, Prediction])
    files: dict[str, str] = field(default_factory=dict[str, str])

    def expire(self, name: str) -> bool:
        """Remove the data of a prediction, as happens an hour after it was made."""
        if name not in self.predictions:
            return False
        self.predictions[name].removed = True
        return True

    def served(self, name: str) -> Served:
        """Return a model; refuse one that is not known, or not any more."""
        if name not in MODELS or name in self.settings.retired:
            raise refusal(404, "The requested model could not be found.")
        return MODELS[name]


def refusal(status: int, detail: str) -> Refusal:
    """Return a refusal in Replicate's form."""
    return Refusal(answer_json({"title": _TITLES.get(status, ""), "detail": detail, "status": status}, status=status))


_TITLES = {401: "Unauthenticated", 404: "Not found", 422: "Input validation failed"}


def sign_in(request: Request) -> None:
    """Refuse a request whose token is missing or wrong."""
    if bearer(request) == WRONG_KEY:
        raise fault("wrong key", "You did not pass a valid authentication token")


def wording(found: Fault) -> Answer:
    """Return any other refusal in Replicate's form."""
    status = {"path": 404, "no key": 401, "wrong key": 401, "type": 415}.get(found.kind, 422)
    problems = [f"{problem.field}: {problem.message}".removeprefix(": ") for problem in found.problems]
    return refusal(status, "; ".join(problems)).answer
