"""What one backend makes of one kind, as `list_backends` and the command line show it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Answer(BaseModel):
    # Built on first use: starting the server needs none of them.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Offer(_Answer):
    """What one backend makes of one kind; a row of the table of list_backends."""

    backend: str
    kind: str
    ready: bool
    models: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    missing: str = ""
