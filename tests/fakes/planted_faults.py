"""Faults planted into a backend that has none, and what the checks of the contract suite say about them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fakes.paper import CANCEL_ANSWERS, FAILED, NOW, Client, Paper, backend
from mediasmith.plugin.contract import Capability
from mediasmith.testing import Rig, cases

SECONDS = 90.0

# Names of checks that several files of tests plant a fault for.
WORDS = "every parameter reaches the provider"
TYPES = "a file is of the type it is said to be"
APART = "concurrent calls share nothing"
LIGHT = "importing it is light and silent"


def findings(folder: Path, rig: Rig, paper: Paper | None, *names: str) -> dict[str, str]:
    """What the checks of these names, or all, have to say against a backend."""
    found: dict[str, str] = {}
    for number, case in enumerate(cases(rig)):
        if not names or case.check.name in names:
            place = folder / str(number)
            place.mkdir()
            try:
                case.run(place, paper)
            except AssertionError as error:
                found[case.check.name] = str(error)
    return found


def rig(paper: Paper, capability: Capability[Client, Any], **changes: Any) -> Rig:
    return Rig(
        backend=backend(paper, capability, **changes),
        wire=lambda: nullcontext(paper),
        failed=FAILED,
        cancelled=CANCEL_ANSWERS,
        seconds=SECONDS,
    )


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A change of the capability or of the backend, the check that must find it, and words it must say."""

    check: str
    says: str
    of: Capability[Client, Any] = NOW
    capability: Mapping[str, Any] = field(default_factory=dict[str, Any])
    backend: Mapping[str, Any] = field(default_factory=dict[str, Any])
    rig: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def finding(self, folder: Path) -> str:
        """What the check that must find it has to say."""
        paper = Paper()
        tried = rig(paper, replace(self.of, **self.capability), **self.backend)
        blocks = "cancellation" in self.says or "blocks" in self.says
        tried = replace(tried, seconds=0.5 if blocks else SECONDS, **self.rig)
        return findings(folder, tried, paper, self.check)[self.check]


def planted(check: str, says: str, *, of: Capability[Client, Any] = NOW, **capability: Any) -> Fault:
    return Fault(check=check, says=says, of=of, capability=capability)
