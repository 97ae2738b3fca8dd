"""A fake provider as tests hold it: started, scripted, and asked what it received."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, TypedDict, TypeVar

from anyio import to_thread
from anyio.from_thread import start_blocking_portal

from loopback.connection import serve
from loopback.service import Service

STUB = Path(__file__).parent / "stub"
"""The folder that makes the stub backends found when it is on PYTHONPATH: nothing needs to be installed."""

_TESTS = Path(__file__).parents[1]
_PATIENCE = 30.0


class Logged(TypedDict):
    """One request as the provider got it, its key masked. `status` is None while there is no answer.

    A form is `{"fields": ..., "files": [{"field", "name", "mime", "size", "sha256"}]}`.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: Any
    status: int | None


class FakeProvider:
    """A running fake. Requests are named by method and path: `POST /make`, `GET /jobs/{id}`."""

    paying: ClassVar[tuple[str, ...]] = ()
    """The requests that cost money."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def script(self, request: str, *answers: Mapping[str, object]) -> None:
        """Answer the next requests of this kind so, one after the other, and then normally again.

        An answer has any of `status`, `headers`, `body`, `delay` (seconds), `hang`, `reset`, `truncate`, `drip`,
        `garbage`, `html`, `fixed` ("png" or "jpeg": the picture of 1.5 MB) and `times`. Without status and body the
        normal one follows.
        """
        method, path = request.split()
        self._control("POST", "/_script", {"method": method, "path": path, "answers": answers})

    def finish(self) -> None:
        """Have every job done at its next poll."""
        self._control("POST", "/_finish")

    def expire(self, name: str) -> None:
        """Have the provider forget what it keeps under this id; ValueError when there is no such thing."""
        self._control("POST", "/_expire", {"id": name})

    def release(self) -> None:
        """Answer the requests that hang."""
        self._control("POST", "/_release")

    def reset(self) -> None:
        """Forget everything."""
        self._control("POST", "/_reset")

    def log(self) -> list[Logged]:
        """Every request since the reset, in the order they came."""
        return self._control("GET", "/_log")

    def counts(self) -> dict[str, int]:
        """How often each kind of request came, whatever it was answered."""
        return self._control("GET", "/_counts")

    def paid(self) -> int:
        """How many requests came that cost money."""
        counts = self.counts()
        return sum(counts.get(request, 0) for request in self.paying)

    async def seen(self, request: str, times: int = 1) -> None:
        """Wait until so many requests of this kind have come; TimeoutError after half a minute."""
        body = {"request": request, "times": times}
        await to_thread.run_sync(partial(self._control, "POST", "/_wait", body), abandon_on_cancel=True)

    def _set(self, **settings: object) -> None:
        """Replace the settings; what is not named is as at the start."""
        self._control("POST", "/_settings", settings)

    def _control(self, method: str, path: str, body: object = None) -> Any:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE)) as connection:
            connection.request(method, path, None if body is None else json.dumps(body))
            response = connection.getresponse()
            answer = json.loads(response.read())
        if response.status != 200:
            raise ValueError(answer["error"]["message"])
        return answer


H = TypeVar("H", bound=FakeProvider)


@contextmanager
def thread(service: Service[Any], holding: type[H]) -> Generator[H]:
    """Run a fake in a thread of this process, which has the SDK loaded, until the block ends."""
    with start_blocking_portal() as portal:
        server = portal.call(serve, service, 0)
        try:
            yield holding(server.sockets[0].getsockname()[1])
        finally:
            portal.call(server.close)


@contextmanager
def process(module: str, holding: type[H]) -> Generator[H]:
    """Run a fake as a process, which outlives a server that is killed, until the block or this process ends."""
    command = [sys.executable, "-m", module, "--port", "0"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (STUB, _TESTS)))}
    with subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield holding(int(process.stdout.readline() if process.stdout else ""))
        finally:
            process.kill()
