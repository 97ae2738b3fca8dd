"""The provider, a process of its own: it outlives the server under test, so its counts are true after a kill."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Mapping

from fakes.google import account, files, imagen, interactions, veo, voices
from fakes.google.contract import Interactions
from fakes.google.errors import sign_in, wording
from fakes.google.service import GoogleService
from fakes.google.state import GoogleState, Settings
from loopback.connection import serve
from loopback.routes import Provider, Route

ROUTES: Mapping[str, Route[GoogleState]] = {
    **interactions.ROUTES,
    **files.ROUTES,
    **voices.ROUTES,
    **account.ROUTES,
    **veo.ROUTES,
    **imagen.ROUTES,
}
"""Every kind of request, by the name that counts and scripts have for it."""

CONTRACT = Interactions.found("google-interactions-*.json", prefix="", requests=(), answers=())
"""What the provider publishes about its interactions, where it is at hand."""

PROVIDER = Provider(
    routes=ROUTES,
    fresh=GoogleState,
    settings=Settings,
    sign_in=sign_in,
    wording=wording,
    contract=CONTRACT,
)
"""The provider."""


async def _run(port: int) -> None:
    server = await serve(GoogleService(PROVIDER, frozenset({files.UPLOAD, account.TOKENS})), port)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A provider for tests.")
    parser.add_argument("--port", type=int, default=0, help="0: any free one, printed as the first line")
    asyncio.run(_run(parser.parse_args().port))
