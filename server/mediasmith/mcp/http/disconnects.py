"""Clients that hang up while a call waits: the wait ends, so that the same call can be attached to; the job goes on.

The newer protocol ends it by itself. The older one lets it run to an answer that nobody hears.
"""

from __future__ import annotations

from typing import Any

import anyio
from mcp import MCPError
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp_types import CONNECTION_CLOSED
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_WAIT = "mediasmith.wait"


class DisconnectMiddleware:
    """Ends the wait of a request whose client is gone; as an ASGI app around the others."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and listen for its end."""

        async def heard() -> Message:
            message = await receive()
            if message["type"] == "http.disconnect" and _WAIT in scope:
                scope[_WAIT].cancel()
            return message

        await self._app(scope, heard, send)


async def cancel_on_disconnect(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Serve a message for as long as its client is there; as middleware of the SDK's."""
    with anyio.CancelScope() as wait:
        if ctx.request is not None:
            ctx.request.scope[_WAIT] = wait
        return await call_next(ctx)
    raise MCPError(CONNECTION_CLOSED, "The client is gone.")
