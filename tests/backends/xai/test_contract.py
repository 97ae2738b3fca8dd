"""xAI's backend keeps the contract."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from xai_sdk.proto import deferred_pb2, video_pb2

from fakes.xai.wire import XAIWire, wire
from mediasmith.testing import Answer, Rig, contract
from mediasmith_backends.xai import backend


@contextmanager
def xai() -> Generator[XAIWire]:
    import_module("xai_sdk")  # else a worker thread does it, and the virtual clock leaves it no time
    with wire() as opened:
        yield opened


_response: Any = video_pb2.VideoResponse(error=video_pb2.VideoError(code="internal_error", message="Oh dear."))
_FAILED = video_pb2.GetDeferredVideoResponse(status=deferred_pb2.FAILED, response=_response).SerializeToString()

test_contract = contract(
    Rig(
        backend=backend,
        wire=xai,
        samples={"keyframe_seconds": ([1.0], [2.0])},
        companions={"keyframe_seconds": {"image": True}, "extend": {"video": True}},
        parsed={"image", "video"},
        failed={"video": Answer(status=200, body=_FAILED)},
    )
)
