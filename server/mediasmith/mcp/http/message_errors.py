"""Answer messages over HTTP that cannot be taken: too large ones, and those that are not valid, as over stdio."""

from __future__ import annotations

from codecs import BOM_UTF8
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mediasmith.mcp.messages import read_message

MAX_BODY = 16 * 1024 * 1024
"""Bytes of the largest request: an image of 12 MB fits as a data: URI."""

_TOO_LARGE = {
    "jsonrpc": "2.0",
    "id": None,
    "error": {
        "code": -32600,
        "message": f"The request is larger than {MAX_BODY // 2**20} MiB. Nothing was done or billed. Give large inputs "
        "as an https:// URL, as media://ID or as a path on the server instead of a data: URI.",
    },
}

_MAX_CHECKED = 1024 * 1024
"""Bytes of the largest message whose error is improved: it is kept until it is answered."""


class MessageErrorMiddleware:
    """Replaces the SDK's answers to such messages at one path with ones that have the id and say what to do.

    The SDK takes a request whose id is not valid for a notification in the older protocol, and does not answer it.
    A byte order mark before a message is passed over, as it is on standard input.
    """

    def __init__(self, app: ASGIApp, path: str) -> None:
        self._app = app
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and replace such an answer."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] != self._path:
            await self._app(scope, receive, send)
            return
        body = bytearray()
        replaced = False

        async def receive_and_keep() -> Message:
            message = await receive()
            if not body and (start := message.get("body", b"")).startswith(BOM_UTF8):
                message["body"] = start.removeprefix(BOM_UTF8)
            if len(body) <= _MAX_CHECKED:
                body.extend(message.get("body", b""))
            return message

        async def send_or_replace(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start":
                status = message["status"]
                better = _better_answer(status, bytes(body))
                body.clear()
                if better is not None:
                    replaced = True
                    status = max(status, HTTPStatus.BAD_REQUEST)
                    await JSONResponse(better, status)(scope, receive, send)
            if not replaced:
                await send(message)

        await self._app(scope, receive_and_keep, send_or_replace)


def _better_answer(status: int, body: bytes) -> Any:
    """Return the JSON to answer with instead, or None."""
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return _TOO_LARGE
    if status not in {HTTPStatus.ACCEPTED, HTTPStatus.BAD_REQUEST} or len(body) > _MAX_CHECKED:
        return None
    _, errors = read_message(body)
    answers = [error.model_dump(exclude_unset=True) for error in errors]
    return answers[0] if len(answers) == 1 else answers or None
