"""The stub model: a server on loopback that follows a script, and stands in the way of every other connection."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from driving.shown import Protocol, Script, Shown


class StubModel:
    """A model that is asked in one protocol, and the proxy that its client has to use for everything else.

    Tools whose names begin with `prefix` are ours. `shown` is the last request but for questions aside; its tools bear
    our own names. `strangers` are the other hosts and paths that the client asked for; it got none of them.
    """

    def __init__(self, protocol: Protocol, prefix: str, script: Script) -> None:
        self._protocol = protocol
        self._prefix = prefix
        self._script = script
        self.shown = Shown(tools={}, answers=())
        self.strangers: list[str] = []

    @contextmanager
    def serving(self) -> Generator[str]:
        """Serve on a free port, in threads, for the time of the block; its URL."""

        class Handler(_Handler):
            model = self

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}"
            server.shutdown()

    def answer(self, target: str, body: bytes) -> tuple[str, bytes] | None:
        """The type and the bytes that answer a request, or None to one that is not for this model."""
        path = target.partition("?")[0]
        if path.endswith(self._protocol.path):
            return "text/event-stream", self._turn(self._protocol.read(json.loads(body)))
        for end, aside in self._protocol.asides.items():
            if path.endswith(end):
                return "application/json", json.dumps(aside).encode()
        self.strangers.append(target)
        return None

    def _turn(self, asked: Shown) -> bytes:
        number = len(asked.answers)
        tools = {
            name.removeprefix(self._prefix): tool for name, tool in asked.tools.items() if name.startswith(self._prefix)
        }
        # A question aside, such as for a title, has no tools.
        if tools or not self.shown.tools:
            self.shown = Shown(tools=tools, answers=asked.answers)
        call = self._script(asked.answers)
        if call is None or call.tool not in tools:
            return self._protocol.say("That is all.")
        return self._protocol.call(tools[call.tool], json.dumps(call.arguments), number)


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
        """Say nothing."""
