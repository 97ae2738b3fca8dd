"""Where finished videos are fetched, over plain HTTP: the URL is all that is needed."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from fakes.xai.state import FakeXAI, Logged
from mediasmith.testing.doubles import SAMPLES


@cache
def _mp4() -> bytes:
    return SAMPLES["video/mp4"](b"\x20\x60\xc0")


@contextmanager
def store(fake: FakeXAI) -> Generator[str]:
    """Serve the videos of this fake and yield the URL below which they are."""

    class Handler(BaseHTTPRequestHandler):
        wbufsize = -1  # one packet, or the kernel waits before it sends the second

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            fake.log.append(Logged(method="GET", path=self.path, headers=headers))
            video = fake.videos.get(self.path.rpartition("/")[2])
            found = video is not None and not video.expired and "authorization" not in headers
            body = _mp4() if found else b""
            self.send_response(200 if found else 404)
            self.send_header("content-type", "video/mp4")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - it says nothing
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/video"
        finally:
            server.shutdown()
            serving.join()
