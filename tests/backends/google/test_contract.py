"""The Google backend keeps the contract with an API key and in enterprise mode, which offer different capabilities."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from fakes.google import running
from fakes.google.account import write_account
from mediasmith.config.credentials import read_access
from mediasmith.plugin.contract import Cancellation
from mediasmith.testing import KEY, Answer, Relay, Rig, Sent, contract, relay
from mediasmith_backends.google import backend
from mediasmith_backends.google.imagen_edit import imagen_edit
from mediasmith_backends.google.inputs import PICTURE

_ACCOUNT = Path(tempfile.gettempdir()) / f"mediasmith-google-{os.getpid()}.json"

_ENTERPRISE = {
    "GOOGLE_GENAI_USE_ENTERPRISE": "true",
    "GOOGLE_CLOUD_PROJECT": "fake-project",
    "GOOGLE_CLOUD_LOCATION": "us-central1",
    "GOOGLE_APPLICATION_CREDENTIALS": str(_ACCOUNT),
}


def _pays(sent: Sent) -> bool:
    return sent.method == "POST" and sent.path.endswith(("/interactions", ":predict", ":predictLongRunning"))


@contextmanager
def _google() -> Generator[Relay]:
    import_module("google.genai")  # the virtual clock would starve the thread that imports it later
    with running() as fake, relay(fake.url, pays=_pays) as wire:
        write_account(_ACCOUNT, fake.url)
        try:
            yield wire
        finally:
            _ACCOUNT.unlink(missing_ok=True)


# Imagen edits need an image of some role. A mask counts only by its opacity, and the suite has just one to give.
_EDIT_TAKES = {role: takes for role, takes in imagen_edit.takes.items() if role != "mask"}
_IMAGEN_EDIT = replace(imagen_edit, takes={**_EDIT_TAKES, "image": replace(PICTURE, required=True)})


_ERROR = {"code": 13, "message": "An internal error has occurred."}
_FAILED_INTERACTION = Answer(status=200, body=json.dumps({"status": "failed", "errors": [_ERROR]}).encode())
_FAILED_OPERATION = Answer(status=200, body=json.dumps({"done": True, "error": _ERROR}).encode())

_NOT_CANCELLED = Answer(status=400, body=b'{"error": {"code": "failed_precondition", "message": "It is not running."}}')


def _interaction(status: str) -> Answer:
    return Answer(status=200, body=json.dumps({"id": "interaction-1", "status": status}).encode())


_CANCELLED: Mapping[Cancellation, Answer | Sequence[Answer]] = {
    "stopped": _interaction("cancelled"),
    "asked": _interaction("in_progress"),
    "too late": (_NOT_CANCELLED, _interaction("completed")),
}


def _rig(**env: str) -> Rig:
    """Return the backend with what it offers when these variables are set."""
    access = read_access(backend, {"GOOGLE_API_KEY": KEY, **env})
    offered = [capability for capability in backend.capabilities if not capability.missing(access)]
    capabilities = tuple(_IMAGEN_EDIT if capability is imagen_edit else capability for capability in offered)
    return Rig(
        backend=replace(backend, capabilities=capabilities),
        wire=_google,
        env=env,
        samples={
            "voices": (["Anna=Leda", "Ben=Orus"], ["Anna=Orus", "Ben=Leda"]),
            "segmentation_classes": ([1], [2, 3]),
        },
        failed={"image": _FAILED_INTERACTION, "video": _FAILED_INTERACTION, "veo": _FAILED_OPERATION},
        cancelled={"image": _CANCELLED, "video": _CANCELLED},
        parsed={"veo", "imagen", "imagen_edit"},
        companions={
            "extend": {"video": True},
            "last_frame": {"first_frame": True},
            "style_description": {"style_image": True},
            "control_type": {"control_image": True},
            "subject_type": {"subject_image": True},
            "subject_description": {"subject_image": True},
        },
    )


test_contract = contract(_rig())

test_contract_in_enterprise_mode = contract(_rig(**_ENTERPRISE))
