"""The provider, a process of its own: it outlives the server under test, so its counts are true after a kill."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Mapping
from typing import Any

import grpc

from fakes.xai import files, images, models, videos
from fakes.xai.calls import Method
from fakes.xai.errors import anonymous, wording
from fakes.xai.gate import gate
from fakes.xai.service import Calls, XAIService
from fakes.xai.state import Settings, XAIState
from loopback.connection import serve
from loopback.routes import Provider

METHODS: Mapping[str, Method] = {**images.METHODS, **videos.METHODS, **files.METHODS, **models.METHODS}
"""Every kind of call, by the name that counts and plans have for it."""

PROVIDER = Provider(routes=files.ROUTES, fresh=XAIState, settings=Settings, sign_in=anonymous, wording=wording)
"""The provider as far as it speaks plain HTTP."""

_OPTIONS = (
    ("grpc.max_receive_message_length", 128 << 20),
    ("grpc.max_send_message_length", -1),
    # The SDK asks every half a minute whether a connection still lives.
    ("grpc.http2.max_ping_strikes", 0),
    ("grpc.keepalive_permit_without_calls", 1),
)


async def _run(port: int) -> None:
    aio: Any = grpc.aio  # it has no types
    service = XAIService(PROVIDER, METHODS)
    files_server = await serve(service, port)
    own_port = files_server.sockets[0].getsockname()[1]
    server = aio.server(options=_OPTIONS)
    async with gate(server.add_insecure_port("127.0.0.1:0")) as (opened, service.grpc_port):
        server.add_generic_rpc_handlers(Calls(service, METHODS, opened, f"http://127.0.0.1:{own_port}").handlers())
        await server.start()
        print(own_port, flush=True)
        await asyncio.to_thread(sys.stdin.read)
        await server.stop(None)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A provider for tests.")
    parser.add_argument("--port", type=int, default=0, help="0: any free one, printed as the first line")
    asyncio.run(_run(parser.parse_args().port))
