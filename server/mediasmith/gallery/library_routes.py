"""Answer what the page asks about the library, as JSON: files, trees, sums, and what happens as it happens."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from mediasmith.engine.bootstrap import LazyEngine
from mediasmith.engine.use_cases import Engine
from mediasmith.gallery.thumbnails import Thumbnails
from mediasmith.plugin.errors import MediaError
from mediasmith.storage.library.overview import Filter
from mediasmith.storage.library.records import Artifact

_PAGE = 60
_MOST_IN_TREE = 200
_MOST_RUNNING = 20
_DAY = 86_400.0
_DAYS = 30
_LOOK_SECONDS = 1.0
_ALIVE_SECONDS = 15.0
_PROMPT = 300
"""Characters of a prompt in lists."""


@dataclass(frozen=True, kw_only=True)
class LibraryRoutes:
    """The routes. Each answers for the principal who is signed in."""

    engine: LazyEngine
    thumbnails: Thumbnails

    async def files(self, request: Request) -> Response:
        """Return a page of files, newest first, and what `after` has to be for the next one."""
        try:
            wanted, after = _filter(request), _after(request)
        except ValueError:
            return JSONResponse({"error": "This is no filter."}, 400)
        engine = await self.engine.get()
        principal = request.state.principal
        found = await engine.library.overview.page(wanted, principal=principal, limit=_PAGE + 1, after=after)
        page = found[:_PAGE]
        following = f"{page[-1].created!r} {page[-1].id}" if len(found) > _PAGE else ""
        return JSONResponse({"files": [_summary(one) for one in page], "after": following})

    async def counts(self, request: Request) -> Response:
        """Return how many files there are of each kind and backend."""
        engine = await self.engine.get()
        return JSONResponse(await engine.library.overview.counts(principal=request.state.principal))

    async def tree(self, request: Request) -> Response:
        """Return a file with all that it was edited from and into, parents before children."""
        engine = await self.engine.get()
        found = await engine.library.overview.tree(
            request.path_params["id"], principal=request.state.principal, limit=_MOST_IN_TREE
        )
        return JSONResponse({"files": [_summary(one) for one in found]})

    async def about(self, request: Request) -> Response:
        """Return how a file was made."""
        engine = await self.engine.get()
        about = await engine.about(request.path_params["id"], request.state.principal)
        return Response(about.text(), media_type="application/json")

    async def delete(self, request: Request) -> Response:
        """Delete a file, and return a note if something is left of it."""
        file_id = request.path_params["id"]
        engine = await self.engine.get()
        note = await engine.delete(file_id, request.state.principal)
        await self.thumbnails.delete(file_id)
        return JSONResponse({"note": note})

    async def spent(self, request: Request) -> Response:
        """Return what the last days (UTC) have cost, by backend; `days` has the beginning of each."""
        engine = await self.engine.get()
        today = engine.clock.now() // _DAY * _DAY
        days = [today - number * _DAY for number in reversed(range(_DAYS))]
        spent = await engine.library.overview.spent(principal=request.state.principal, since=days[0])
        return JSONResponse({"days": days, "spent": [vars(one) for one in spent]})

    async def events(self, request: Request) -> Response:
        """Tell, as server-sent events, which jobs are running, whenever the library has changed."""
        engine = await self.engine.get()
        stream = _events(engine, request.state.principal)
        return StreamingResponse(stream, media_type="text/event-stream")


async def _events(engine: Engine, principal: str) -> AsyncGenerator[str]:
    """Yield an event for each change, whichever process it is of, and comments meanwhile, so that proxies wait."""
    overview, clock = engine.library.overview, engine.clock
    last, spoke = None, clock.now()
    with suppress(MediaError):  # the stream ends, and the browser asks for another one
        while True:
            revision = await overview.revision()
            if revision != last:
                last, spoke = revision, clock.now()
                running = await overview.running(principal=principal, limit=_MOST_RUNNING)
                yield f"data: {json.dumps({'running': running})}\n\n"
            elif clock.now() - spoke >= _ALIVE_SECONDS:
                spoke = clock.now()
                yield ": still here\n\n"
            await clock.sleep(_LOOK_SECONDS)


def _filter(request: Request) -> Filter:
    given = request.query_params
    return Filter(
        kind=given.get("kind", ""),
        backend=given.get("backend", ""),
        text=given.get("text", "").strip(),
        since=_seconds(given.get("since", "")),
        before=_seconds(given.get("before", "")),
    )


def _seconds(text: str) -> float | None:
    return float(text) if text else None


def _after(request: Request) -> tuple[float, str] | None:
    created, _, file_id = request.query_params.get("after", "").partition(" ")
    return (float(created), file_id) if created else None


def _summary(artifact: Artifact) -> dict[str, Any]:
    """Return what lists show of a file."""
    prompt = artifact.prompts[-1] if artifact.prompts else ""
    return {
        "id": artifact.id,
        "job_id": artifact.job_id,
        "mime": artifact.mime,
        "kind": artifact.kind,
        "backend": artifact.backend,
        "model": artifact.model,
        "prompt": prompt if len(prompt) <= _PROMPT else f"{prompt[:_PROMPT]}…",
        "parent": artifact.parent,
        "created": artifact.created,
        "duration_seconds": artifact.duration_seconds,
    }
