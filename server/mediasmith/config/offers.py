"""Define a row of what can be generated: one backend and one kind."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Offer(BaseModel):
    """One backend and one kind, with the models and parameters of the capabilities that are ready.

    `missing` says why none is ready, with the fix.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)  # built on first use, not at start

    backend: str
    kind: str
    ready: bool
    models: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    missing: str = ""
