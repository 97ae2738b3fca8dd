"""The stub backends, which other tests stand on, keep the contract."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from fakes.provider import running
from mediasmith.testing import Answer, Relay, Rig, contract, relay
from mediasmith_stub import backends


@contextmanager
def stub_provider() -> Generator[Relay]:
    with running() as provider:
        provider.settings(polls={"slow-1": 2})
        with relay(provider.url) as wire:
            yield wire


FAILED = {"image": Answer(status=200, body=b'{"status": "failed", "error": {"code": "broken"}}')}

test_contract = contract(
    *(
        Rig(backend=backend, wire=stub_provider, failed=FAILED)
        for backend in (backends.stub_job, backends.stub_now, backends.stub_slow, backends.stub_stream)
    )
)
