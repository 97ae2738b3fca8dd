"""xAI's backend keeps the contract."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module

from fakes.xai.wire import CallWire, wire
from mediasmith.testing import Rig, contract
from mediasmith_backends.xai import backend
from mediasmith_backends.xai.image import image
from mediasmith_backends.xai.video import video


@contextmanager
def xai() -> Generator[CallWire]:
    import_module("xai_sdk")  # the virtual clock would starve the thread that does it later
    with wire() as calls:
        yield calls


_TRIED = replace(
    video,
    models=video.models[::-1],
    takes={role: takes for role, takes in video.takes.items() if role != "last_frame"},
)
"""The videos. The suite tries every input with the first model, and no model takes both a video and a last frame."""

test_contract = contract(
    Rig(
        backend=replace(backend, capabilities=(image, _TRIED)),
        wire=xai,
        samples={"keyframe_seconds": ([1.0], [2.0])},
        companions={"keyframe_seconds": {"image": True}, "extend": {"video": True}},
    )
)
