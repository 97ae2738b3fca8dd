"""End the wait of a call when its client disconnects. The job continues, and the same call can attach to it.

The newer protocol does this by itself. In the older one, the call would wait for an answer that cannot be delivered.
An answer counts as delivered once all of the response has been handed to the operating system for a client that was
still connected.
"""

from __future__ import annotations

from typing import Any

import anyio
from mcp import MCPError
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp_types import CONNECTION_CLOSED
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mediasmith.mcp.deliveries import of_request

_CANCEL_SCOPE = "mediasmith.cancel_scope"
"""The key of a request's cancel scope in its ASGI scope."""


class DisconnectMiddleware:
    """ASGI middleware that cancels the request of a client that has disconnected, and settles its deliveries.

    A request of which only half was received never reaches the SDK, which would begin a session for it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and watch for a disconnect."""
        deliveries = of_request(scope)
        connected, received, answered = True, False, False

        async def receive_or_cancel() -> Message:
            nonlocal connected, received
            message = await receive()
            if message["type"] == "http.request":
                received = not message.get("more_body", False)
            elif message["type"] == "http.disconnect":
                connected = False
                if _CANCEL_SCOPE in scope:
                    scope[_CANCEL_SCOPE].cancel()
                elif not received:
                    whole.cancel()
                    await anyio.lowlevel.checkpoint()
            return message

        async def send_and_note(message: Message) -> None:
            nonlocal answered
            is_last = message["type"] == "http.response.body" and not message.get("more_body", False)
            if is_last:
                await anyio.lowlevel.checkpoint()  # a disconnect that has been noticed is received first
            reaches = connected
            await send(message)
            answered = answered or (is_last and reaches)

        try:
            with anyio.CancelScope() as whole:
                await self._app(scope, receive_or_cancel, send_and_note)
        finally:
            for delivery in deliveries:
                if answered:
                    delivery.sent()
                else:
                    delivery.lost()


async def cancel_on_disconnect(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Handle a message until its client disconnects; a middleware for the SDK's server."""
    with anyio.CancelScope() as cancel_scope:
        if ctx.request is not None:
            ctx.request.scope[_CANCEL_SCOPE] = cancel_scope
        return await call_next(ctx)
    raise MCPError(CONNECTION_CLOSED, "The client has disconnected.")
