"""Any exception of a backend as a `MediaError` with clean text."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mediasmith.plugin.contract import Backend
from mediasmith.plugin.errors import Billed, MediaError, MissingKey, ProviderError, TimedOut, Unreachable, Unsuitable
from mediasmith.runtime.redaction import Redactor, describe_exception
from mediasmith.runtime.timeouts import Expired

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ErrorMapper:
    """Maps exceptions through the backend's own `explain`, and takes secrets out of their text.

    `key_notes` say how keys were read, by variable; they are added when a provider does not accept a key.
    """

    redact: Redactor
    key_notes: Mapping[str, str] = field(default_factory=dict[str, str])

    def map(self, backend: Backend[Any], error: Exception, *, billed: Billed) -> MediaError:
        """Return the error; it is `billed` unless the backend knew better."""
        known = error if isinstance(error, MediaError) else _explain(backend, error)
        if isinstance(known, MissingKey):
            read = [f"{name} was {self.key_notes[name]}." for name in known.variables if name in self.key_notes]
            known.hint = " ".join([known.hint, *(note for note in read if note not in known.hint)])
        known.message = self.redact.text(str(known.message))
        known.hint = self.redact.text(str(known.hint))
        # What is unsuitable is found before anything is sent.
        known.billed = known.billed or ("no" if isinstance(known, Unsuitable) else billed)
        return known

    def map_free(self, backend: Backend[Any], error: Exception, what: str) -> MediaError:
        """Return the error of a free request; its message begins with `what` could not be done."""
        known = self.map(backend, error, billed="no")
        known.message = f"{what}: {known.message}"
        known.billed = "no"
        return known


def _explain(backend: Backend[Any], error: Exception) -> MediaError:
    if isinstance(error, Expired):
        return TimedOut(f"{backend.title} did not answer in time.")
    try:
        known = backend.explain(error)
    except Exception as fault:  # noqa: BLE001 - a backend that cannot explain must not hide what happened
        _log.warning("%s could not explain a %s: %s", backend.name, type(error).__name__, type(fault).__name__)
        known = None
    if isinstance(known, MediaError):
        return known
    if isinstance(error, TimeoutError):
        return TimedOut(f"{backend.title} did not answer in time.")
    if isinstance(error, OSError):
        return Unreachable(f"The connection to {backend.title} failed ({type(error).__name__}).")
    _log.error("%s failed: %s", backend.name, describe_exception(error))
    return ProviderError(f"{backend.title} failed in a way that its backend does not know ({type(error).__name__}).")
