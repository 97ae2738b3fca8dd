"""A wire for the contract suite, whose answers are those of HTTP: here they are brought into the form of gRPC."""

from __future__ import annotations

import base64
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import cast

from fakes.xai import FakeXAI, running
from mediasmith.testing import Answer, Sent

CODES: Mapping[int, str] = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    402: "PERMISSION_DENIED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    409: "ABORTED",
    413: "INVALID_ARGUMENT",
    415: "INVALID_ARGUMENT",
    422: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    451: "PERMISSION_DENIED",
    500: "INTERNAL",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
    529: "UNAVAILABLE",
}
"""The status of gRPC that says what a status of HTTP says."""

Edit = Callable[[bytes], bytes]


class CallWire:
    """Implements `Wire` before a fake; `wire` opens it.

    Calls and downloads are noted, calls alone are scripted. What is the body of an answer in HTTP is the message here,
    or with a status that is an error its details. An edit is given the message as JSON.
    """

    def __init__(self, fake: FakeXAI, editor: _Editor) -> None:
        self._fake = fake
        self._editor = editor

    @property
    def url(self) -> str:
        """The backend's base URL while it is tested."""
        return self._fake.base_url

    def requests(self) -> Sequence[Sent]:
        """What went out since the last `clear`, in order."""
        return tuple(
            Sent(
                method=entry["method"],
                path=entry["path"],
                headers={name: value for name, value in entry["headers"].items() if name != "authorization"},
                body=entry["body"],
                pays=f"{entry['method']} {entry['path']}" in self._fake.paying,
            )
            for entry in self._fake.log()
        )

    def script(self, *answers: Answer, pays: bool = True) -> None:
        """Answer the next calls so, one after the other, and then normally again."""
        self._fake.plan("paying" if pays else "free", [self._planned(answer) for answer in answers])

    def clear(self) -> None:
        """Forget the log and the script."""
        self._fake.clear()
        self._editor.edits.clear()

    def _planned(self, answer: Answer) -> Mapping[str, object]:
        fault = {"hang" if answer.fault == "silence" else answer.fault: True} if answer.fault else {}
        if answer.edit:
            return {"edit": self._editor.address(answer.edit), **fault}
        if answer.status in CODES:
            return {"code": CODES[answer.status], "details": answer.body.decode(), "metadata": dict(answer.headers)}
        # What drips or is cut off needs bytes to do so.
        return fault or ({"raw": base64.b64encode(answer.body).decode()} if answer.status else {})


class _Editor(ThreadingHTTPServer):
    """Does the edits of the tests, which live in their process, for the fake in its own."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Edited)
        self.edits: list[Edit] = []

    def address(self, edit: Edit) -> str:
        """Where this edit is done."""
        if edit not in self.edits:
            self.edits.append(edit)
        return f"http://127.0.0.1:{self.server_port}/{self.edits.index(edit)}"


class _Edited(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Answer with what an edit makes of the body."""
        edit = cast("_Editor", self.server).edits[int(self.path[1:])]
        changed = edit(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        self.send_header("content-length", str(len(changed)))
        self.end_headers()
        self.wfile.write(changed)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has there
        """Say nothing."""


@contextmanager
def wire(*, polls: int = 1) -> Generator[CallWire]:
    """A wire before a fake of its own, which says "not yet" so often. Its videos may be extended however short."""
    with running() as fake, _Editor() as editor:
        fake.settings(polls=polls, shortest=0)
        serving = Thread(target=editor.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        serving.start()
        try:
            yield CallWire(fake, editor)
        finally:
            editor.shutdown()
            serving.join()
