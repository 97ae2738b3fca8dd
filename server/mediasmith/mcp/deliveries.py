"""Record when answers have been written, and take back those that the client cancelled in the meantime.

A client that cancels a call drops the answer that arrives after that. Its cancel names the request, so that an answer
which was sent already counts as lost from then on. Over standard input, and over HTTP in the older protocol, messages
are read in their order, so that this is known before the client's next call. In the newer protocol over HTTP a client
cancels by closing the connection, and an answer that is on the network by then counts as delivered.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp_types import JSONRPCMessage, JSONRPCResponse, RequestId

if TYPE_CHECKING:
    from mediasmith.jobs.attach import Delivery

_Key: TypeAlias = tuple[str, str]
"""A session of the older protocol over HTTP, or "", and a request's id."""

_REMEMBERED = 200
"""How many answers can still be taken back."""

_OF_REQUEST = "mediasmith.deliveries"
"""The key of an HTTP request's deliveries in its ASGI scope."""


class Deliveries:
    """The answers of one server that are on their way or may be taken back.

    `follows_messages`: the transport calls `sent` with each message. For HTTP requests, see `of_request`.
    """

    def __init__(self) -> None:
        self.follows_messages = False
        self._recent: OrderedDict[_Key, Delivery] = OrderedDict()

    def begin(self, delivery: Delivery, ctx: ServerRequestContext[Any, Any]) -> None:
        """Follow an answer that is about to be handed to the SDK."""
        delivery.begin()
        self._recent[_key(ctx, ctx.request_id)] = delivery
        while len(self._recent) > _REMEMBERED:
            self._recent.popitem(last=False)
        if ctx.request is not None and _OF_REQUEST in ctx.request.scope:
            ctx.request.scope[_OF_REQUEST].append(delivery)
        elif not self.follows_messages:
            delivery.sent()

    def sent(self, message: JSONRPCMessage) -> None:
        """Record that a message has been written."""
        if isinstance(message, JSONRPCResponse) and (delivery := self._recent.get(("", str(message.id)))):
            delivery.sent()

    async def take_back_cancelled(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """Take back the answer to a request that its client cancels; a middleware for the SDK's server."""
        if ctx.method == "notifications/cancelled" and ctx.params:
            delivery = self._recent.pop(_key(ctx, ctx.params.get("requestId")), None)
            if delivery:
                delivery.lost()
        return await call_next(ctx)


def of_request(scope: Any) -> Sequence[Delivery]:
    """Start and return the list of the answers to an HTTP request, whose delivery the caller records."""
    return scope.setdefault(_OF_REQUEST, [])


def _key(ctx: ServerRequestContext[Any, Any], request_id: RequestId | None) -> _Key:
    session = ctx.request.headers.get("mcp-session-id", "") if ctx.request is not None else ""
    return session, str(request_id)
