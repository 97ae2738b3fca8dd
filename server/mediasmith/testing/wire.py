"""What goes out to a provider, as tests see it: a log, and answers that go wrong on purpose."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, cast

Fault = Literal["", "reset", "truncate", "silence", "drip"]
"""How a connection fails: closed without an answer, cut off half-way, no answer ever, one byte now and then."""


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One request as it went out.

    `body` is what was sent, read as far as it can be: JSON as Python has it, a form as a mapping, else text or bytes.
    `pays` says whether the provider charges for such a request.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: object = None
    pays: bool = False


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How a request is answered.

    With a status it is this answer, without one the normal answer. `edit` then changes the normal answer's body,
    `fault` breaks the connection.
    """

    status: int = 0
    body: bytes = b""
    mime: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    edit: Callable[[bytes], bytes] | None = None
    fault: Fault = ""


class Wire(Protocol):
    """A stand-in for a provider that tests can look into. `Relay` puts one before anything that speaks HTTP."""

    @property
    def url(self) -> str:
        """The backend's base URL while it is tested."""
        ...

    def requests(self) -> Sequence[Sent]:
        """What went out since the last `clear`, in order."""
        ...

    def script(self, *answers: Answer, pays: bool = True) -> None:
        """Answer the next requests so, one after the other, and then normally again.

        With `pays` these are the next requests that cost money, else the next of the others.
        """
        ...

    def clear(self) -> None:
        """Forget the log and the script."""
        ...


Facts = Mapping[str, str]
"""What went out, taken apart into single values by their places."""


def facts(sent: Sequence[Sent]) -> Facts:
    """Every value in these requests, by request and place."""
    found: dict[str, str] = {}
    for number, request in enumerate(sent):
        place = f"{number + 1}. {request.method}"
        found[f"{place} path"] = request.path
        found |= {f"{place} header {name.lower()}": value for name, value in request.headers.items()}
        found |= dict(_values(f"{place} body", request.body))
    return found


def _values(place: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, inner in cast("Mapping[str, object]", value).items():
            yield from _values(f"{place}.{name}", inner)
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(cast("Sequence[object]", value)):
            yield from _values(f"{place}.{number}", inner)
    else:
        yield place, repr(value)
