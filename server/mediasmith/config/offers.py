"""What one backend makes of one kind: a row of what a front end shows before the first call."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Offer(BaseModel):
    """What one backend makes of one kind, with the models and words of those capabilities that are ready.

    `missing` says what has to be done before it is ready.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)  # built on first use, not at start

    backend: str
    kind: str
    ready: bool
    models: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    missing: str = ""
