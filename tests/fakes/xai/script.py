"""What tests ask of a fake that speaks gRPC, through `POST /_plan`."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import Base64Bytes, Field, JsonValue

from loopback.faults import Strict

Code: TypeAlias = Literal[
    "",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
]
"""The statuses of gRPC but for OK."""


class Planned(Strict):
    """One answer that a test wants instead of the normal one. Without any of these the normal one follows.

    `code` is a status, with `details` and the `metadata` behind them; `body` the answer in JSON; `raw` its very bytes;
    `garbage` bytes that are no message; `fixed` gives the large picture of that format. `edit` is the address of who
    changes the normal answer, given to it in JSON. `delay` waits so many seconds first, `hang` waits for the release,
    `reset` ends the connection without an answer, `truncate` half-way through it, `drip` sends it a byte now and then.
    `times` is how many calls in a row are answered so.
    """

    code: Code = ""
    details: str = ""
    metadata: dict[str, str] = Field(default_factory=dict)
    body: dict[str, JsonValue] | None = None
    raw: Base64Bytes | None = Field(default=None, strict=False)
    garbage: bool = False
    fixed: Literal["", "png", "jpeg"] = ""
    edit: str = ""
    delay: float = Field(default=0.0, ge=0, strict=False)
    hang: bool = False
    reset: bool = False
    truncate: bool = False
    drip: bool = False
    times: int = Field(default=1, ge=1)


class Plan(Strict):
    """The body of `POST /_plan`: the answers that come next for one method, or for all "paying" or "free" calls."""

    request: str
    answers: tuple[Planned, ...] = Field(strict=False)
