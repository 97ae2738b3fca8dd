"""The google backend keeps the contract in each of its two modes, which offer different capabilities."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from fakes.google import running
from fakes.google.account import written
from mediasmith.plugin.contract import Access, Capability
from mediasmith.testing import Relay, Rig, Sent, contract, relay
from mediasmith_backends.google import backend
from mediasmith_backends.google.client import Google
from mediasmith_backends.google.imagen_edit import imagen_edit
from mediasmith_backends.google.inputs import PICTURE

_ACCOUNT = Path(tempfile.gettempdir()) / f"mediasmith-google-{os.getpid()}.json"

_ENTERPRISE = {
    "GOOGLE_GENAI_USE_ENTERPRISE": "true",
    "GOOGLE_CLOUD_PROJECT": "fake-project",
    "GOOGLE_CLOUD_LOCATION": "us-central1",
    "GOOGLE_APPLICATION_CREDENTIALS": str(_ACCOUNT),
}


def pays(sent: Sent) -> bool:
    return sent.method == "POST" and sent.path.endswith(("/interactions", ":predict", ":predictLongRunning"))


@contextmanager
def google() -> Generator[Relay]:
    import_module("google.genai")  # the virtual clock would starve the thread that does it later
    with running() as fake, relay(fake.url, pays=pays) as wire:
        written(_ACCOUNT, fake.url)
        try:
            yield wire
        finally:
            _ACCOUNT.unlink(missing_ok=True)


def _offered(**env: str) -> Rig:
    """The backend with what it offers when these variables are set."""
    access = Access(key="key", env=env, base_url="", switched=bool(env))
    capabilities = tuple(_tried(capability) for capability in backend.capabilities if not capability.missing(access))
    return Rig(
        backend=replace(backend, capabilities=capabilities),
        wire=google,
        env=env,
        samples={
            "voices": (["Anna=Leda", "Ben=Orus"], ["Anna=Orus", "Ben=Leda"]),
            "segmentation_classes": ([1], [2, 3]),
        },
        companions={
            "extend": {"video": True},
            "last_frame": {"first_frame": True},
            "style_description": {"style_image": True},
            "control_type": {"control_image": True},
            "subject_type": {"subject_image": True},
            "subject_description": {"subject_image": True},
        },
    )


def _tried(capability: Capability[Google, Any]) -> Capability[Google, Any]:
    """This capability. What needs a picture of any kind is always given one to change.

    Of a mask only the opacity counts, and the suite has only one to give: other tests try it.
    """
    if capability is not imagen_edit:
        return capability
    takes = {role: taken for role, taken in capability.takes.items() if role != "mask"}
    return replace(capability, takes={**takes, "image": replace(PICTURE, required=True)})


test_contract = contract(_offered())

test_contract_in_enterprise_mode = contract(_offered(**_ENTERPRISE))
