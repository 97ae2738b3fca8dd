"""End the wait of a call when its client disconnects. The job continues, and the same call can attach to it.

The newer protocol does this by itself. In the older one, the call would wait for an answer that cannot be delivered.
"""

from __future__ import annotations

from typing import Any

import anyio
from mcp import MCPError
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp_types import CONNECTION_CLOSED
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_CANCEL_SCOPE = "mediasmith.cancel_scope"
"""The key of a request's cancel scope in its ASGI scope."""


class DisconnectMiddleware:
    """ASGI middleware that cancels the request of a client that has disconnected.

    A request of which only half was received never reaches the SDK, which would begin a session for it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and watch for a disconnect."""
        complete = False

        async def receive_or_cancel() -> Message:
            nonlocal complete
            message = await receive()
            if message["type"] == "http.request":
                complete = not message.get("more_body", False)
            elif message["type"] == "http.disconnect":
                if _CANCEL_SCOPE in scope:
                    scope[_CANCEL_SCOPE].cancel()
                elif not complete:
                    whole.cancel()
                    await anyio.lowlevel.checkpoint()
            return message

        with anyio.CancelScope() as whole:
            await self._app(scope, receive_or_cancel, send)


async def cancel_on_disconnect(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Handle a message until its client disconnects; a middleware for the SDK's server."""
    with anyio.CancelScope() as cancel_scope:
        if ctx.request is not None:
            ctx.request.scope[_CANCEL_SCOPE] = cancel_scope
        return await call_next(ctx)
    raise MCPError(CONNECTION_CLOSED, "The client has disconnected.")
