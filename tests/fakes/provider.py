"""The stub provider as tests hold it: started as a process, scripted, and asked what it was asked."""

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
from typing import Any, TypedDict

from anyio import to_thread

STUB = Path(__file__).parent / "stub"
"""The folder that makes the stub backends found when it is on PYTHONPATH: nothing needs to be installed."""

KEY = "stub-key-0123456789"
"""A key that the provider takes. It takes any; this one can be searched for where no key may show."""

PAYING = ("POST /make", "POST /jobs", "POST /stream")
"""The requests that cost money."""

_PATIENCE = 30.0


class Logged(TypedDict):
    """One request as the provider got it, its key masked. `status` is None while there is no answer."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any
    status: int | None


class Provider:
    """A running provider. Requests are named by method and path: `POST /make`, `GET /jobs/{id}`."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def env(self) -> dict[str, str]:
        """The variables with which a server process finds the stub backends, and they find this provider."""
        names = ("STUB_NOW", "STUB_JOB", "STUB_SLOW", "STUB_STREAM")
        urls = {f"MEDIASMITH_{name}_BASE_URL": self.url for name in names}
        return {"PYTHONPATH": str(STUB), "STUB_KEY": KEY, **urls}

    def script(self, request: str, *answers: Mapping[str, object]) -> None:
        """Answer the next requests of this kind so, one after the other, and then normally again.

        An answer has any of `status`, `headers`, `body`, `delay` (seconds), `hang`, `reset`, `truncate`, `html`,
        `fixed` ("png" or "jpeg": the picture of 1.5 MB) and `times`. Without status and body the normal one follows.
        """
        method, path = request.split()
        self._control("POST", "/_script", {"method": method, "path": path, "answers": answers})

    def settings(self, *, polls: Mapping[str, int] | None = None, files_need_key: bool = True) -> None:
        """Set how often a model's new jobs say "not yet", and whether files are given to anyone."""
        self._control("POST", "/_settings", {"polls": polls or {}, "files_need_key": files_need_key})

    def finish(self) -> None:
        """Have every job done at its next poll."""
        self._control("POST", "/_finish")

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
        return sum(counts.get(request, 0) for request in PAYING)

    async def seen(self, request: str, times: int = 1) -> None:
        """Wait until so many requests of this kind have come; TimeoutError after half a minute."""
        body = {"request": request, "times": times}
        await to_thread.run_sync(partial(self._control, "POST", "/_wait", body), abandon_on_cancel=True)

    def _control(self, method: str, path: str, body: object = None) -> Any:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE)) as connection:
            connection.request(method, path, None if body is None else json.dumps(body))
            response = connection.getresponse()
            answer = json.loads(response.read())
        if response.status != 200:
            raise ValueError(answer["error"]["message"])
        return answer


@contextmanager
def running() -> Generator[Provider]:
    """A provider of one's own. It ends with the block, or with the process that started it."""
    command = [sys.executable, "-m", "mediasmith_stub.provider", "--port", "0"]
    with subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": str(STUB)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Provider(int(process.stdout.readline() if process.stdout else ""))
        finally:
            process.kill()
