"""The provider, a process of its own: it outlives the server under test, so its counts are true after a kill.

It makes pictures at once (`/make`) or later (`/jobs`, `/files`), and speech as a stream (`/stream`). Tests steer it
through the paths that start with `/_`. It prints its port, and ends when its standard input does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from mediasmith_stub.accepted import VOICES, Awaited, Picture, Script, Scripted, Settings, Speech, Strict
from mediasmith_stub.connection import Answer, Request, serve
from mediasmith_stub.media import SPOKEN, large_picture, picture, pixels, speech
from mediasmith_stub.state import File, Job, State, new_id

MODELS = {"POST /make": {"now-2", "now-1"}, "POST /jobs": {"job-1", "slow-1"}, "POST /stream": {"voice-1"}}
"""The models that each paying request knows. Others are gone."""

FORBIDDEN = "forbidden"
"""A prompt with this word in it is refused."""

M = TypeVar("M", bound=Strict)

_REPORTED = {"now-1": 0.01}  # What a picture costs, for the models whose answers say so.


class Problem(Exception):
    """An error answer: HTTP status, code and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.answer = _json({"error": {"code": code, "message": message}}, status=status)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request that passed every check. `fixed` is the format of the large picture, if that shall be the answer."""

    state: State
    id: str
    body: Any
    host: str
    fixed: str


def _json(value: object, *, status: int = 200) -> Answer:
    return Answer(status=status, body=json.dumps(value).encode())


def _make(asked: Asked) -> Answer:
    body: Picture = asked.body
    files = _pictures(asked)
    asked.state.pictures.update(files)
    cost = {"cost": _REPORTED[body.model] * body.n} if body.model in _REPORTED else {}
    rest = json.dumps({"id": new_id(), **cost}).encode()
    # By hand, as base64 needs no escaping: looking for what does takes as long as everything else together.
    images = b", ".join(
        b'{"b64": "%b", "id": "%b"}' % (_base64(file.body), name.encode()) for name, file in files.items()
    )
    return Answer(body=b'{"images": [%b], %b' % (images, rest[1:]))


@lru_cache(maxsize=64)
def _base64(body: bytes) -> bytes:
    return b64encode(body)


def _pictures(asked: Asked) -> dict[str, File]:
    body: Picture = asked.body
    if asked.fixed:
        return {new_id(): File(mime=f"image/{asked.fixed}", body=large_picture(asked.fixed)) for _ in range(body.n)}
    size = pixels(body.size, body.ratio)
    return {
        new_id(): File(mime=f"image/{body.format}", body=picture(_seed(body, index), size, body.format))
        for index in range(body.n)
    }


def _seed(body: BaseModel, index: int = 0) -> bytes:
    return f"{index} {body.model_dump_json()}".encode()


def _start_job(asked: Asked) -> Answer:
    job = asked.state.new_job(asked.body.model, _pictures(asked))
    return _json({"id": job.id}, status=202)


def _job(asked: Asked) -> Job:
    if asked.id not in asked.state.jobs:
        raise Problem(404, "not_found", "No such job.")
    return asked.state.jobs[asked.id]


def _poll_job(asked: Asked) -> Answer:
    job = _job(asked)
    status = job.poll()
    files = [{"url": f"http://{asked.host}/files/{name}", "mime": asked.state.files[name].mime} for name in job.files]
    done = {"files": files} if status == "done" else {}
    return _json({"status": status, "progress": job.progress, **done})


def _cancel_job(asked: Asked) -> Answer:
    _job(asked).cancelled = True
    return _json({"status": "cancelled"})


def _file(asked: Asked) -> Answer:
    if asked.id not in asked.state.files:
        raise Problem(404, "not_found", "No such file.")
    if asked.fixed:
        return Answer(mime=f"image/{asked.fixed}", body=large_picture(asked.fixed))
    file = asked.state.files[asked.id]
    return Answer(mime=file.mime, body=file.body)


def _stream(asked: Asked) -> Answer:
    body: Speech = asked.body
    seconds = min(10.0, 0.05 * len(body.text) / body.speed)
    return Answer(mime=SPOKEN[body.format], body=speech(_seed(body), seconds, body.format), chunked=True)


def _voices(_asked: Asked) -> Answer:
    return _json({"voices": VOICES})


@dataclass(frozen=True, kw_only=True)
class Route:
    """How a kind of request is answered, and what its body must be."""

    answer: Callable[[Asked], Answer]
    body: type[Strict] | None = None


ROUTES: Mapping[str, Route] = {
    "POST /make": Route(answer=_make, body=Picture),
    "POST /jobs": Route(answer=_start_job, body=Picture),
    "GET /jobs/{id}": Route(answer=_poll_job),
    "DELETE /jobs/{id}": Route(answer=_cancel_job),
    "GET /files/{id}": Route(answer=_file),
    "POST /stream": Route(answer=_stream, body=Speech),
    "GET /voices": Route(answer=_voices),
}
"""Every kind of request, by the name that counts and scripts have for it."""


class Provider:
    """Answers requests, one after the other on each connection."""

    def __init__(self) -> None:
        self.state = State()

    async def __call__(self, request: Request) -> Answer | None:
        """Answer one request; None when the connection shall just close."""
        try:
            if request.path.startswith("/_"):
                return await self._control(request)
            return await self._answer(request)
        except Problem as problem:
            return problem.answer

    async def _answer(self, request: Request) -> Answer | None:
        state = self.state
        head, _, name = request.path[1:].partition("/")
        route = f"{request.method} /{head}/{{id}}" if name else f"{request.method} /{head}"
        entry = await state.record(route, request, _readable(request.body))
        try:
            answer = await self._checked(state, route, name, request)
        except Problem as problem:
            answer = problem.answer
        entry["status"] = answer and answer.status
        return answer

    async def _checked(self, state: State, route: str, name: str, request: Request) -> Answer | None:
        if route not in ROUTES:
            raise Problem(404, "not_found", "No such path.")
        _check_key(state, route, request)
        body = _body(ROUTES[route].body, request)
        scripted = state.next_scripted(route)
        asked = Asked(state=state, id=name, body=body, host=request.headers["host"], fixed=scripted.fixed)
        return await _as_scripted(state, scripted, partial(_normal, route, asked))

    async def _control(self, request: Request) -> Answer:
        if request.path not in _CONTROLS:
            raise Problem(404, "not_found", "No such control.")
        return await _CONTROLS[request.path](self, request)

    async def log(self, _request: Request) -> Answer:
        """Every request since the reset."""
        return _json(self.state.log)

    async def counts(self, _request: Request) -> Answer:
        """How often each kind of request came."""
        return _json(self.state.counts)

    async def script(self, request: Request) -> Answer:
        """Queue answers."""
        script = _parsed(Script, request.body)
        if f"{script.method} {script.path}" not in ROUTES:
            raise Problem(404, "not_found", "No such path to script.")
        self.state.follow(script)
        return _json({})

    async def settings(self, request: Request) -> Answer:
        """Behave differently from now on."""
        self.state.settings = _parsed(Settings, request.body)
        return _json({})

    async def wait(self, request: Request) -> Answer:
        """Answer once so many requests of a kind have come."""
        awaited = _parsed(Awaited, request.body)
        await self.state.wait(awaited.request, awaited.times)
        return _json({})

    async def release(self, _request: Request) -> Answer:
        """Answer what hangs."""
        self.state.release()
        return _json({})

    async def finish(self, _request: Request) -> Answer:
        """Have every job done at its next poll."""
        self.state.finish()
        return _json({})

    async def reset(self, _request: Request) -> Answer:
        """Forget everything; what hangs is answered from the state it came to."""
        self.state.release()
        self.state = State()
        return _json({})


_CONTROLS: Mapping[str, Callable[[Provider, Request], Awaitable[Answer]]] = {
    "/_log": Provider.log,
    "/_counts": Provider.counts,
    "/_script": Provider.script,
    "/_settings": Provider.settings,
    "/_wait": Provider.wait,
    "/_release": Provider.release,
    "/_finish": Provider.finish,
    "/_reset": Provider.reset,
}


def _readable(body: bytes) -> object:
    """The body as the log shows it."""
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body.decode("latin-1")


def _check_key(state: State, route: str, request: Request) -> None:
    if route == "GET /files/{id}" and not state.settings.files_need_key:
        return
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme != "Bearer" or not key:
        raise Problem(401, "unauthorized", "A bearer key is needed.")


def _body(model: type[Strict] | None, request: Request) -> Strict | None:
    if model is None:
        if request.body:
            raise Problem(400, "invalid", "This request has no body.")
        return None
    if request.headers.get("content-type") != "application/json":
        raise Problem(415, "invalid", "The body must be application/json.")
    return _parsed(model, request.body)


def _parsed(model: type[M], body: bytes) -> M:
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors())
        raise Problem(400, "invalid", "; ".join(problems)) from error


def _normal(route: str, asked: Asked) -> Answer:
    body: Any = asked.body
    if route in MODELS and body.model not in MODELS[route]:
        raise Problem(404, "model_gone", "No such model.")
    if isinstance(body, Picture):
        if FORBIDDEN in body.prompt:
            raise Problem(400, "refused", "This is not made here.")
        if body.previous and body.previous not in asked.state.pictures:
            raise Problem(404, "state_gone", "No such picture to continue from.")
    return ROUTES[route].answer(asked)


async def _as_scripted(state: State, scripted: Scripted, normal: Callable[[], Answer]) -> Answer | None:
    if scripted.delay:
        await asyncio.sleep(scripted.delay)
    if scripted.hang:
        await state.released.wait()
    if scripted.reset:
        return None
    if scripted.html:
        answer = Answer(status=scripted.status or 200, mime="text/html", body=b"<html><body>Gateway</body></html>")
    elif scripted.status or scripted.body != "":
        answer = _json(scripted.body, status=scripted.status or 200)
    else:
        answer = normal()
    return replace(answer, headers={**answer.headers, **scripted.headers}, cut=scripted.truncate)


async def _run(port: int) -> None:
    server = await serve(Provider(), port)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


def main() -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser(description="A provider for tests.")
    parser.add_argument("--port", type=int, default=0, help="0: any free one, printed as the first line")
    asyncio.run(_run(parser.parse_args().port))


if __name__ == "__main__":
    main()
