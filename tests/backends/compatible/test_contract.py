"""The compatible backend keeps the contract."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from fakes.compatible import running
from mediasmith.config.configured_models import add_configured_models
from mediasmith.config.registry import Registry
from mediasmith.testing import Answer, Relay, Rig, contract, relay
from mediasmith_backends.compatible import backend

NAMED = {
    "MEDIASMITH_COMPATIBLE_IMAGE_MODELS": "flux, sd",
    "MEDIASMITH_COMPATIBLE_SPEECH_MODELS": "kokoro",
    "MEDIASMITH_COMPATIBLE_VIDEO_MODELS": "wan",
}


def configured() -> Registry:
    """Return the backend with the models that the variables name."""
    env = {"MEDIASMITH_COMPATIBLE_BASE_URL": "http://engine.local", **NAMED}
    return add_configured_models(Registry(backends={"compatible": backend}, broken={}), env)[0]


@contextmanager
def engine() -> Generator[Relay]:
    with running() as fake, relay(fake.url) as wire:
        wire.url += "/v1"
        yield wire


test_contract = contract(
    Rig(
        backend=configured().backends["compatible"],
        wire=engine,
        env=NAMED,
        samples={"extra_body": ({"num_inference_steps": 4}, {"num_inference_steps": 8})},
        failed={"video": Answer(status=500, body=b'{"id": "video_1", "status": "failed", "error": "Out of memory."}')},
        cancelled={"video": {"asked": Answer(status=200, body=b'{"id": "video_1", "deleted": true}')}},
    )
)
