"""The stub model: a server on loopback that follows a script, and a proxy that refuses every other connection."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from headless.model_api import ModelApi, ModelRequest, Script


class StubModel:
    """A model that is reached by one API, and the proxy that its client has to use for everything else.

    Only tools whose names begin with `prefix` count. `request` is the last request that offered any of them, with
    the prefix removed from their names. `bodies` are those of all requests. `refused` lists the other hosts and paths
    that the client asked for.
    """

    def __init__(self, api: ModelApi, prefix: str, script: Script) -> None:
        self._api = api
        self._prefix = prefix
        self._script = script
        self.request = ModelRequest(tools={}, results=())
        self.bodies: list[str] = []
        self.refused: list[str] = []

    @contextmanager
    def serve(self) -> Generator[str]:
        """Serve on a free port, in threads, until the end of the block. Yields the URL."""

        class Handler(_Handler):
            model = self

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}"
            server.shutdown()

    def answer(self, target: str, body: bytes) -> tuple[str, bytes] | None:
        """Return the content type and the body that answer a request, or None if it is not for this model."""
        path = target.partition("?")[0]
        if path.endswith(self._api.path):
            self.bodies.append(body.decode(errors="replace"))
            return "text/event-stream", self._reply(self._api.parse(json.loads(body)))
        for end, reply in self._api.fixed_replies.items():
            if path.endswith(end):
                return "application/json", json.dumps(reply).encode()
        self.refused.append(target)
        return None

    def _reply(self, request: ModelRequest) -> bytes:
        tools = {
            name.removeprefix(self._prefix): tool
            for name, tool in request.tools.items()
            if name.startswith(self._prefix)
        }
        # Clients also send requests without tools, such as for a title of the conversation.
        if tools or not self.request.tools:
            self.request = ModelRequest(tools=tools, results=request.results)
        call = self._script(request.results)
        if call is None or call.tool not in tools:
            return self._api.reply_with_text("That is all.")
        return self._api.reply_with_call(tools[call.tool], json.dumps(call.arguments), len(request.results))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    model: StubModel

    def _respond(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        mime, content = self.model.answer(self.path, body) or ("", b"")
        self.send_response(200 if mime else 403)
        self.send_header("content-type", mime or "text/plain")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_CONNECT = do_DELETE = do_GET = do_HEAD = do_POST = do_PUT = _respond  # noqa: N815 - the names of the base

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's signature
        """Log nothing."""
