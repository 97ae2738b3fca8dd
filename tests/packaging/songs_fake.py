"""Chime with its songs, as the page on adding a backend has it. It is as strict, and pending for one poll."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from uuid import uuid4

from mediasmith.plugin.media import wav
from mediasmith.testing import KEY, Relay, relay

_SOUND = wav(bytes(1600), rate=8000)
_WORDS: Mapping[str, Mapping[str, type]] = {
    "/sounds": {"text": str, "model": str, "duration": float, "loop": bool},
    "/songs": {"text": str, "model": str},
}


class _Chime(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    polls: dict[str, int]

    def do_POST(self) -> None:
        asked: dict[str, object] = json.loads(self.rfile.read(int(self.headers["content-length"])))
        types = {word: type(value) for word, value in asked.items()}
        if not self._signed_in() or types != _WORDS.get(self.path):
            self._answer(400, b"{}")
        elif self.path == "/sounds":
            self._answer(200, _SOUND)
        else:
            song = uuid4().hex
            self.polls[song] = 0
            self._answer(202, json.dumps({"id": song}).encode())

    def do_GET(self) -> None:
        _, place, song, *rest = self.path.split("/")
        if place == "files":
            self._answer(200, _SOUND)
        elif not self._signed_in() or song not in self.polls:
            self._answer(404, b"{}")
        elif rest == ["result"]:
            self._answer(200, json.dumps({"url": f"http://{self.headers['host']}/files/{song}"}).encode())
        else:
            self.polls[song] += 1
            self._answer(200, b'{"status": "done"}' if self.polls[song] > 1 else b'{"status": "working"}')

    def do_DELETE(self) -> None:
        self._answer(200, b'{"status": "stopped"}')

    def _signed_in(self) -> bool:
        return self.headers["authorization"] == f"Bearer {KEY}"

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has in the library
        pass


@contextmanager
def singing() -> Generator[Relay]:
    """Open a wire before this fake."""
    handler = type("Chime", (_Chime,), {"polls": {}})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        with relay(f"http://127.0.0.1:{server.server_port}") as wire:
            yield wire
        server.shutdown()
