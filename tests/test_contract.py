"""Every installed backend keeps the contract, and so do the stub backends that other tests stand on.

A backend whose checks take long has a file of its own, `test_NAME_contract.py`, so that they run beside the others.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from fakes.provider import running
from mediasmith.config import registry
from mediasmith.testing import Relay, Rig, contract, relay

HERE = Path(__file__).parent


@contextmanager
def stub_provider() -> Generator[Relay]:
    with running() as provider:
        provider.settings(polls={"slow-1": 2})
        with relay(provider.url) as wire:
            yield wire


RIGS: Mapping[str, Mapping[str, Any]] = {
    **{name: {"wire": stub_provider} for name in ("stub_job", "stub_now", "stub_slow", "stub_stream")},
    "sketch": {
        "base": {"size": "256x256", "duration": 0.5},
        "samples": {"size": ("128x128", "256x128"), "duration": (0.5, 0.75)},
        "companions": {"aspect_ratio": {"size": None}},
        "seconds": 90,
    },
}
"""What the suite must know of a backend, by its name; the others are tried as they are."""


ELSEWHERE = {path.name.removeprefix("test_").removesuffix("_contract.py") for path in HERE.glob("test_*_contract.py")}
"""The backends that have a file of their own."""


@cache
def installed() -> registry.Registry:
    return registry.load()


def test_every_installed_backend_can_be_tried() -> None:
    assert not installed().broken


test_contract = contract(
    *(
        Rig(backend=backend, name=name, **RIGS.get(name, {}))
        for name, backend in installed().backends.items()
        if name not in ELSEWHERE
    )
)
