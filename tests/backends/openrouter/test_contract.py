"""The OpenRouter backend keeps the contract."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module

from fakes.openrouter import running
from mediasmith.testing import Answer, Relay, Rig, contract, relay
from mediasmith_backends.openrouter import backend


@contextmanager
def openrouter() -> Generator[Relay]:
    import_module("openai")  # a virtual clock would not wait for the thread that imports it later
    with running() as fake, relay(fake.url) as wire:
        wire.url += "/api/v1"
        yield wire


test_contract = contract(
    Rig(
        backend=backend,
        wire=openrouter,
        samples={
            "voice": ("coral", "nova"),
            "generate_audio": (True, False),
            "provider_options": ({"google-ai-studio": {}},),
        },
        companions={"output_compression": {"output_format": "jpeg"}},
        failed={"video": Answer(status=200, body=b'{"id": "gen-vid-1", "status": "failed", "error": "Out of film."}')},
    )
)
