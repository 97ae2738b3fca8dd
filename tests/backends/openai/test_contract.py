"""The OpenAI backend keeps the contract."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from fakes.openai import running
from mediasmith.testing import Answer, Relay, Rig, Sent, contract, relay
from mediasmith.testing.relay import is_post
from mediasmith_backends.openai import backend


@contextmanager
def openai() -> Generator[Relay]:
    def pays(sent: Sent) -> bool:
        return is_post(sent) and not sent.path.endswith("/cancel")

    with running() as fake:
        fake.settings(polls=1)
        with relay(fake.base_url, pays=pays) as wire:
            yield wire


FAILED = b'{"id": "%b", "status": "failed", "error": {"code": "server_error", "message": "It fell over."}}'


def response(status: str) -> Answer:
    return Answer(status=200, body=b'{"id": "resp_1", "status": "%b"}' % status.encode())


test_contract = contract(
    Rig(
        backend=backend,
        wire=openai,
        # Durations that only an extension can have, and images that take long to make, are left out.
        samples={"duration": (4, 8, 12), "mode": ("edit", "extend"), "n": (1, 2)},
        companions={
            "output_compression": {"output_format": "jpeg"},
            "frame_count": {"output_format": "gif"},
            "frame_duration_ms": {"output_format": "gif"},
            "svg_model": {"output_format": "svg"},
            "mask": {"image": True},
            "mode": {"video": True},
        },
        failed={
            "image": Answer(status=200, body=FAILED % b"resp_1"),
            "video": Answer(status=200, body=FAILED % b"video_1"),
        },
        cancelled={
            "image": {
                "stopped": response("cancelled"),
                "asked": response("in_progress"),
                "too late": response("completed"),
            }
        },
    )
)
