"""What makes one fake differ from the next: its routes, and how it speaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from loopback.connection import Answer, Request
from loopback.contract import Contract
from loopback.faults import Strict, Wording, plain
from loopback.forms import File
from loopback.state import State

S = TypeVar("S", bound=State)


@dataclass(frozen=True, kw_only=True)
class Asked(Generic[S]):
    """A request that passed every check. `ids` are the parts of its path that its route leaves open.

    `fixed` is the format of the large picture, if that shall be the answer.
    """

    state: S
    route: str
    host: str
    ids: tuple[str, ...] = ()
    body: Any = None
    files: tuple[File, ...] = ()
    query: Any = None
    fixed: str = ""

    @property
    def id(self) -> str:
        """The first open part of the path."""
        return self.ids[0]


@dataclass(frozen=True, kw_only=True)
class Route(Generic[S]):
    """How a kind of request is answered, and what it must bring: a `body`, a `form`, a `text`, an `upload`, or nothing.

    A body is JSON, a text is plain, and an upload is a file of any type, as it is. `check` refuses what the models
    alone cannot, before any script is followed. `open` to requests without a key.
    """

    answer: Callable[[Asked[S]], Answer]
    body: type[Strict] | None = None
    form: type[Strict] | None = None
    upload: bool = False
    text: bool = False
    query: type[Strict] | None = None
    check: Callable[[Asked[S]], None] | None = None
    open: Callable[[S], bool] | None = None


@dataclass(frozen=True, kw_only=True)
class Provider(Generic[S]):
    """What makes one fake differ from the next. Routes are named by method and path: `GET /jobs/{id}`.

    `sign_in` refuses a request whose key is missing or wrong. `headers` are added to every answer.
    """

    routes: Mapping[str, Route[S]]
    fresh: Callable[[], S]
    settings: type[Strict]
    sign_in: Callable[[Request], object]
    wording: Wording = plain
    headers: Callable[[], Mapping[str, str]] = dict
    contract: Contract | None = None
