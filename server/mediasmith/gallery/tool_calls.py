"""Call the tools from the page, as a model does: the same checks, prices, limits and answers hold."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mediasmith.config.caller import Caller
from mediasmith.engine.bootstrap import LazyEngine
from mediasmith.engine.use_cases import Answer, Engine
from mediasmith.plugin.errors import MediaError

_log = logging.getLogger(__name__)

_MAX_BODY = 1024 * 1024
_TOOLS = ("generate_media", "continue_edit", "get_job", "list_backends")


class ToolCalls:
    """The route for calls: it answers with what the tool's result is in MCP, without links and previews."""

    def __init__(self, engine: LazyEngine) -> None:
        self._engine = engine

    async def post(self, request: Request) -> Response:
        """Call the tool `name` with `arguments`, both from the request's JSON."""
        body = await read_json(request)
        name, given = body.get("name"), body.get("arguments")
        if name not in _TOOLS or not isinstance(given, dict):
            return JSONResponse({"error": "A call needs the name of a tool, and arguments."}, 400)
        try:
            async with self._engine.call() as engine:
                text = await _call(engine, name, cast("dict[str, Any]", given), request.state.principal)
        except MediaError as error:
            return _result(str(error), failed=True)
        except Exception as error:  # noqa: BLE001 - the top of a call
            _log.exception("%s failed", name)
            return _result(f"Mediasmith failed with an internal error ({type(error).__name__}).", failed=True)
        return _result(text)


async def read_json(request: Request) -> Mapping[str, Any]:
    """Return the object that a request has as JSON; nothing if it is something else, or too large."""
    body = bytearray()
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return {}  # what a form of another page can send
    async for piece in request.stream():
        body += piece
        if len(body) > _MAX_BODY:
            return {}
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


async def _call(engine: Engine, name: str, given: Mapping[str, Any], principal: str) -> str:
    caller = Caller(principal=principal)
    answer: Answer
    match name:
        case "generate_media":
            answer = await engine.generate(given, caller)
        case "continue_edit":
            answer = await engine.continue_edit(given, caller)
        case "get_job":
            return (await _look(engine, given, caller)).text()
        case _:
            answer = await engine.list_backends(given)
    with engine.delivery(answer):
        await engine.promise(answer)
        return answer.text()


async def _look(engine: Engine, given: Mapping[str, Any], caller: Caller) -> Answer:
    """Return a job, which the page only watches: its answer stays due to the caller."""
    job_id = given.get("job_id")
    if isinstance(job_id, str) and job_id and not given.get("cancel"):
        return await engine.look(job_id, caller.principal)
    return await engine.get_job(given, caller)


def _result(text: str, *, failed: bool = False) -> Response:
    return JSONResponse({"content": [{"type": "text", "text": text}], "isError": failed})
