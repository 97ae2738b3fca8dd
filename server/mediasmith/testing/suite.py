"""The contract suite: every check, for every backend and capability, as pytest cases."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

from mediasmith.plugin.contract import Capability
from mediasmith.testing.check_answers import CHECKS as ANSWERS
from mediasmith.testing.check_credentials import CHECKS as CREDENTIALS
from mediasmith.testing.check_declarations import CHECKS as DECLARATIONS
from mediasmith.testing.check_failures import CHECKS as FAILURES
from mediasmith.testing.check_files import CHECKS as FILES
from mediasmith.testing.check_parameters import CHECKS as PARAMETERS
from mediasmith.testing.check_polling import CHECKS as POLLING
from mediasmith.testing.rig import Check, CheckContext, Rig
from mediasmith.testing.wire import Wire

if TYPE_CHECKING:
    import pytest

CHECKS: tuple[Check, ...] = (*DECLARATIONS, *PARAMETERS, *CREDENTIALS, *FILES, *ANSWERS, *FAILURES, *POLLING)
"""Every promise of the contract, from the cheap ones to those that need a provider that misbehaves."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One check of one capability."""

    rig: Rig
    capability: Capability[Any, Any]
    check: Check

    @property
    def id(self) -> str:
        """The name in pytest: `backend.capability-check`."""
        whole = self.check.about == "backend"
        place = self.rig.backend.name if whole else f"{self.rig.backend.name}.{self.capability.name}"
        return f"{place}-{self.check.name}"

    def run(self, folder: Path, wire: Wire | None = None) -> None:
        """Run it in an event loop of its own, in a thread, so that a backend that blocks cannot stop the tests.

        Raises:
            AssertionError: the promise is not kept; the message says what to do.
        """
        if wire is not None:
            wire.clear()
        context = CheckContext(rig=self.rig, capability=self.capability, wire=wire, folder=folder)
        failures: list[BaseException] = []

        def run() -> None:
            try:
                anyio.run(self.check.run, context)
            except BaseException as error:  # noqa: BLE001 - raised again below, in the thread of the tests
                failures.append(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(self.rig.seconds)
        assert not thread.is_alive(), (
            f"it did not end within {self.rig.seconds:g} seconds: something blocks the event loop (do it in "
            "anyio.to_thread.run_sync) or swallows cancellation (never catch it without raising it again)."
        )
        for error in failures:
            if isinstance(error, AssertionError):
                raise error
            raise AssertionError(f"the check failed: {type(error).__name__}: {error}") from error


def cases(*rigs: Rig) -> Iterator[Case]:
    """Yield every check that applies, for the first of a backend's capabilities that are alike to it."""
    checked: set[tuple[str, str, object]] = set()
    for rig in rigs:
        for capability in rig.backend.capabilities:
            for check in CHECKS:
                subject = (rig.backend.name, check.name, check.subject(capability))
                if subject not in checked and check.needs(rig, capability):
                    checked.add(subject)
                    yield Case(rig=rig, capability=capability, check=check)


def contract(*rigs: Rig) -> Callable[..., None]:
    """Return a pytest test that runs the whole suite; assign it to a name such as `test_contract`.

    A wire is opened on first use and closed after the test's module; rigs may share one.
    """
    import pytest  # noqa: PLC0415 - only test environments have it

    wires = _Wires()

    @pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in cases(*rigs)])
    def test_contract(case: Case, request: pytest.FixtureRequest, tmp_path: Path) -> None:
        wires.close_after(request)
        case.run(tmp_path, wires.open(case.rig.wire) if case.rig.wire else None)

    return test_contract


class _Wires:
    """The open wires of one module."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._open: dict[object, Wire] = {}
        self._registered = False

    def close_after(self, request: pytest.FixtureRequest) -> None:
        """Close every wire after the module of this test."""
        import pytest  # noqa: PLC0415 - only test environments have it

        module = request.node.getparent(pytest.Module)
        if module is not None and not self._registered:
            module.addfinalizer(self._close)
            self._registered = True

    def open(self, wire: Callable[[], AbstractContextManager[Wire]]) -> Wire:
        """Return the wire, opened once."""
        if wire not in self._open:
            self._open[wire] = self._stack.enter_context(wire())
        return self._open[wire]

    def _close(self) -> None:
        self._open.clear()
        self._registered = False
        self._stack.close()
