"""The fal backend keeps the contract."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from fakes.fal import running
from mediasmith.plugin.contract import Cancellation, Capability
from mediasmith.testing import Answer, Relay, Rig, contract, relay
from mediasmith_backends.fal import backend

DONE = Answer(status=200, body=b'{"status": "COMPLETED"}')
BROKEN = Answer(status=504, body=b'{"detail": "The runner did not start.", "error_type": "startup_timeout"}')
FAILED = dict.fromkeys((one.name for one in backend.capabilities), (DONE, BROKEN))
CANCELLED: Mapping[Cancellation, Answer] = {
    "stopped": Answer(status=200, body=b'{"status": "OK"}'),
    "asked": Answer(status=202, body=b'{"status": "CANCELLATION_REQUESTED"}'),
    "too late": Answer(status=400, body=b'{"status": "ALREADY_COMPLETED"}'),
}


@contextmanager
def fal() -> Generator[Relay]:
    with running() as fake, relay(fake.url) as wire:
        yield wire


def _rig(*capabilities: Capability[Any, Any], **samples: tuple[str, ...]) -> Rig:
    return Rig(
        backend=replace(backend, capabilities=capabilities),
        wire=fal,
        samples={"voice": ("Wise_Woman", "Deep_Voice_Man"), **samples},
        failed=FAILED,
        cancelled={one.name: CANCELLED for one in capabilities},
    )


def _named(*names: str) -> list[Capability[Any, Any]]:
    return [one for one in backend.capabilities if one.name in names]


# Videos from words and music are made by the same functions from the same parameters as others.
test_contract = contract(
    _rig(*_named("image", "edit"), size=("1024x768", "512x512")),
    _rig(*_named("speech"), output_format=("mp3", "flac")),
    _rig(*_named("image_to_video", "sound_effect")),
)
