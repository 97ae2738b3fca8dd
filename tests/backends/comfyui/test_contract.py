"""The ComfyUI backend keeps the contract, with workflows that together take every word."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from fakes.comfyui import running
from fakes.comfyui.workflows import WORKFLOWS
from mediasmith.plugin.contract import Backend, Cancellation
from mediasmith.testing import Answer, Relay, Rig, contract, relay
from mediasmith.testing.rig import Answers
from mediasmith.testing.wire import Sent
from mediasmith_backends.comfyui import backend
from mediasmith_backends.comfyui.workflows import read_workflow

NOTHING, EMPTY_QUEUE = (
    Answer(status=200, body=b"{}"),
    Answer(status=200, body=b'{"queue_running": [], "queue_pending": []}'),
)
LOST = (NOTHING, EMPTY_QUEUE, NOTHING, EMPTY_QUEUE)


def works(sent: Sent) -> bool:
    return (sent.method, sent.path) == ("POST", "/prompt")


@contextmanager
def comfyui() -> Generator[Relay]:
    with running() as fake, relay(fake.url, pays=works) as wire:
        yield wire


def at_work(body: bytes) -> bytes:
    """Have what waits in a queue be at work."""
    queue = json.loads(body)
    return json.dumps({"queue_running": queue["queue_pending"], "queue_pending": []}).encode()


RUNNING = Answer(edit=at_work)
CANCELLED: Mapping[Cancellation, Answers] = {
    "stopped": (Answer(),),  # it waits, and is taken out of the queue
    "asked": (NOTHING, RUNNING, Answer(), Answer(), NOTHING, RUNNING),
}


def configured() -> Backend[Any]:
    """Return the backend with the models that it would read from a folder."""
    capabilities = [
        replace(
            one, models=tuple(read_workflow(name, json.dumps(graph))[1] for name, graph in WORKFLOWS[one.kind].items())
        )
        for one in backend.capabilities
    ]
    return replace(backend, models=None, capabilities=tuple(capabilities))


test_contract = contract(
    Rig(
        backend=configured(),
        wire=comfyui,
        env={"MEDIASMITH_COMFYUI_WORKFLOWS": "/workflows"},
        base={"seed": 1},
        samples={"duration": (5.0, 8.0), "aspect_ratio": ("16:9", "9:16")},
        failed=dict.fromkeys(WORKFLOWS, LOST),
        cancelled=dict.fromkeys(WORKFLOWS, CANCELLED),
    )
)
