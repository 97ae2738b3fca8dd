"""The Replicate backend keeps the contract."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager

from fakes.replicate import running
from mediasmith.plugin.contract import Cancellation
from mediasmith.testing import Answer, Relay, Rig, contract, relay
from mediasmith.testing.wire import Sent
from mediasmith_backends.replicate import backend


def _pays(sent: Sent) -> bool:
    """Return whether a request costs money: neither cancelling nor uploading does."""
    return sent.method == "POST" and sent.path.endswith("/predictions")


@contextmanager
def replicate() -> Generator[Relay]:
    with running() as fake, relay(fake.url, pays=_pays) as wire:
        wire.url += "/v1"
        yield wire


def _prediction(status: str, error: str = "") -> Answer:
    return Answer(status=200, body=json.dumps({"id": "p1", "status": status, "output": None, "error": error}).encode())


FAILED = _prediction("failed", "Prediction interrupted; please retry (code: PA)")
CANCELLED: Mapping[Cancellation, Answer] = {
    "stopped": _prediction("canceled"),
    "asked": _prediction("processing"),
    "too late": _prediction("succeeded"),
}


NAMES = [capability.name for capability in backend.capabilities]

test_contract = contract(
    Rig(
        backend=backend,
        wire=replicate,
        samples={"n": (1, 4), "duration": (5, 15), "speed": (0.5, 2)},
        failed=dict.fromkeys(NAMES, FAILED),
        cancelled=dict.fromkeys(NAMES, CANCELLED),
    )
)
