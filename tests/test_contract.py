"""Every installed backend keeps the contract, and so do the stub backends that other tests stand on."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import fakes.openai
import fakes.openrouter
from fakes.provider import running
from mediasmith import registry
from mediasmith.testing import Relay, Rig, Sent, contract, relay
from mediasmith.testing.relay import is_post


@contextmanager
def stub_provider() -> Generator[Relay]:
    with running() as provider:
        provider.settings(polls={"slow-1": 2})
        with relay(provider.url) as wire:
            yield wire


@contextmanager
def openai() -> Generator[Relay]:
    def pays(sent: Sent) -> bool:
        return is_post(sent) and not sent.path.endswith("/cancel")

    with fakes.openai.running() as fake:
        fake.settings(polls=1)
        with relay(fake.base_url, pays=pays) as wire:
            yield wire


@contextmanager
def openrouter() -> Generator[Relay]:
    with fakes.openrouter.running() as fake, relay(fake.url) as wire:
        wire.url += "/api/v1"
        yield wire


RIGS: Mapping[str, Mapping[str, Any]] = {
    **{name: {"wire": stub_provider} for name in ("stub_job", "stub_now", "stub_slow", "stub_stream")},
    "openrouter": {
        "wire": openrouter,
        "samples": {
            "voice": ("coral", "nova"),
            "generate_audio": (True, False),
            "provider_options": ({"google-ai-studio": {}},),
        },
        "companions": {"output_compression": {"output_format": "jpeg"}},
    },
    "sketch": {
        "base": {"size": "256x256", "duration": 0.5},
        "samples": {"size": ("128x128", "256x128"), "duration": (0.5, 0.75)},
        "companions": {"aspect_ratio": {"size": None}},
        "seconds": 90,
    },
    "openai": {
        "wire": openai,
        # What a video can only be in the second of two calls, and pictures that take long to make.
        "samples": {"duration": (4, 8, 12), "mode": ("edit", "extend"), "n": (1, 2)},
        "companions": {
            "output_compression": {"output_format": "jpeg"},
            "frame_count": {"output_format": "gif"},
            "frame_duration_ms": {"output_format": "gif"},
            "svg_model": {"output_format": "svg"},
            "mask": {"image": True},
            "mode": {"video": True},
        },
    },
}
"""What the suite must know of a backend, by its name; the others are tried as they are."""


@cache
def installed() -> registry.Registry:
    return registry.load()


def test_every_installed_backend_can_be_tried() -> None:
    assert not installed().broken


test_contract = contract(
    *(Rig(backend=backend, name=name, **RIGS.get(name, {})) for name, backend in installed().backends.items())
)
