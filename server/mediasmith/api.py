"""The library face: the same tools for a program, without MCP."""

from __future__ import annotations

import inspect
import math
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias, TypedDict, Unpack, cast

from pydantic import JsonValue

from mediasmith.config.caller import Caller
from mediasmith.config.settings import Settings
from mediasmith.engine.bootstrap import open_engine
from mediasmith.engine.results import BackendList, JobList, MediaResult
from mediasmith.engine.use_cases import Answer, Engine
from mediasmith.plugin.errors import InvalidRequest, MediaError
from mediasmith.plugin.kinds import Kind
from mediasmith.selection.coercion import read_json
from mediasmith.selection.unknown_arguments import unknown_tool
from mediasmith.storage.previews import Preview

Reference: TypeAlias = str | Path
"""An input file: a path, or a `media://`, `https://` or `data:` URI."""

References: TypeAlias = Reference | Sequence[Reference]
"""One input file or several."""

_MOST_LAYERS = 2
"""How often arguments may be written as JSON text."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a job is. `progress` runs from 0 to 1, or is None where the provider does not report it."""

    seconds: float
    message: str
    progress: float | None


OnProgress: TypeAlias = Callable[[Progress], object]
"""Called every few seconds while a call waits; a function, or a coroutine function that is awaited."""


class EditArguments(TypedDict, total=False):
    """The keyword arguments of `continue_edit`, as in the tool; None is the same as not given."""

    backend: str | None
    model: str | None
    image: References | None
    mask: Reference | None
    first_frame: Reference | None
    last_frame: Reference | None
    audio: Reference | None
    video: Reference | None
    voice_sample: References | None
    aspect_ratio: str | None
    size: str | None
    duration: float | None
    quality: str | None
    background: str | None
    output_format: str | None
    voice: str | None
    voices: Sequence[str] | None
    language: str | None
    instructions: str | None
    speed: float | None
    generate_audio: bool | None
    seed: int | None
    n: int | None
    draft: bool | None
    options: Mapping[str, JsonValue] | None
    output: Reference | None
    wait_seconds: int | None
    max_cost_usd: float | None
    dry_run: bool | None
    request_id: str | None


class GenerateArguments(EditArguments, total=False):
    """The keyword arguments of `generate`, as in the tool generate_media; None is the same as not given."""

    prompts: Sequence[str] | None
    kind: Kind | None


@dataclass(frozen=True, kw_only=True)
class ToolDescription:
    """One tool for an LLM's function calling: `parameters` is a JSON schema."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class ToolAnswer:
    """What to answer a model that has called a tool: a text, and whether it is an error's.

    `result` is what the text says, for the program; None for an error.
    """

    text: str
    is_error: bool = False
    result: Answer | None = None


class Media:
    """An open Mediasmith. Calls wait for the end of the job unless `wait_seconds` is given."""

    def __init__(self, *, engine: Engine) -> None:
        self.engine = engine
        self._closed = False

    async def generate(
        self, prompt: str = "", *, on_progress: OnProgress | None = None, **arguments: Unpack[GenerateArguments]
    ) -> MediaResult:
        """Generate media and save it, as generate_media.

        Raises:
            MediaError: nothing was made; the text says what happened, what was billed and what to do.
        """
        given = {"prompt": prompt or None, **arguments}
        return await self._make(self._opened().generate, given, on_progress)

    async def continue_edit(
        self,
        continuation_id: str,
        prompt: str,
        *,
        on_progress: OnProgress | None = None,
        **arguments: Unpack[EditArguments],
    ) -> MediaResult:
        """Change an earlier result, as continue_edit.

        Raises:
            MediaError: as `generate`.
        """
        given = {"continuation_id": continuation_id, "prompt": prompt, **arguments}
        return await self._make(self._opened().continue_edit, given, on_progress)

    async def list_backends(
        self, *, kind: Kind | None = None, backend: str | None = None, query: str | None = None
    ) -> BackendList:
        """Return what can be generated, by which backend, and what is missing for the rest; or models found by a query.

        Raises:
            MediaError: there is no such backend, or it cannot be searched.
        """
        return await self._opened().list_backends(_given({"kind": kind, "backend": backend, "query": query}))

    async def get_job(
        self,
        job_id: str,
        *,
        wait_seconds: int | None = None,
        cancel: bool = False,
        on_progress: OnProgress | None = None,
    ) -> MediaResult:
        """Wait for a job and collect it, or cancel it. A job that failed is returned, not raised.

        Raises:
            MediaError: there is no such job, or it cannot be cancelled.
        """
        if not job_id or not job_id.strip():
            raise InvalidRequest(
                "job_id is empty.", "Use that of an answer; list_jobs has the recent ones.", billed="no"
            )
        given = _given({"job_id": job_id, "wait_seconds": wait_seconds, "cancel": cancel})
        result = await self._deliver(await self._opened().get_job(given, self._caller(on_progress)))
        assert isinstance(result, MediaResult)
        return result

    async def list_jobs(self) -> JobList:
        """Return the recent jobs, newest first."""
        found = await self._opened().get_job({}, self._caller())
        assert isinstance(found, JobList)
        return found

    async def previews(self, answer: Answer | None) -> list[Preview]:
        """Return small pictures of a result's images and videos, for a model to look at; none for other answers."""
        return [] if answer is None else await self.engine.previews(answer)

    def tools(self) -> tuple[ToolDescription, ...]:
        """Return the tools, for a model that calls functions."""
        return tuple(
            ToolDescription(name=tool.name, description=tool.description, parameters=tool.parameters)
            for tool in self.engine.installation.tools.values()
        )

    async def call(self, name: str, arguments: Mapping[str, Any] | str | None = None) -> ToolAnswer:
        """Run the tool that a model has called, with its arguments as an object or as JSON text, or without any.

        A `MediaError` is answered, never raised: the model can read what to do.
        """
        try:
            result = await self._deliver(await self._run(name, _parsed(name, arguments)))
        except MediaError as error:
            return ToolAnswer(text=str(error), is_error=True)
        return ToolAnswer(text=result.text(), result=result)

    async def _run(self, name: str, given: Mapping[str, Any]) -> Answer:
        engine = self._opened()
        match name:
            case "generate_media":
                return await engine.generate(given, self._caller())
            case "continue_edit":
                return await engine.continue_edit(given, self._caller())
            case "list_backends":
                return await engine.list_backends(given)
            case "get_job":
                return await engine.get_job(given, self._caller())
            case _:
                raise unknown_tool(name, list(engine.installation.tools))

    async def _make(
        self,
        make: Callable[[Mapping[str, Any], Caller], Awaitable[MediaResult]],
        arguments: Mapping[str, object],
        on_progress: OnProgress | None,
    ) -> MediaResult:
        result = await make(_given(arguments), self._caller(on_progress))
        await self._deliver(result)
        return result

    async def _deliver(self, answer: Answer) -> Answer:
        await self.engine.promise(answer)
        with self.engine.delivery(answer):
            return answer

    def _caller(self, on_progress: OnProgress | None = None) -> Caller:
        async def notify(seconds: float, message: str, progress: float | None) -> None:
            if on_progress is not None:
                done = on_progress(Progress(seconds=seconds, message=message, progress=progress))
                if inspect.isawaitable(done):
                    await done

        return self.engine.installation.caller(wait=math.inf, notify=notify if on_progress else None)

    def _opened(self) -> Engine:
        if self._closed:
            raise MediaError("This Mediasmith is closed.", "Call it inside `async with`.", billed="no")
        return self.engine

    def close(self) -> None:
        """Refuse further calls; `open` does this at the end of its block."""
        self._closed = True


@asynccontextmanager
async def open_media(
    settings: Settings | None = None,
    *,
    keys: Mapping[str, str | None] | None = None,
    env: Mapping[str, str] | None = None,
) -> AsyncGenerator[Media]:
    """Open Mediasmith, and close it at the end: see `mediasmith.open`."""
    async with open_engine(settings=settings, keys=keys or {}, env=env) as engine:
        media = Media(engine=engine)
        try:
            yield media
        finally:
            media.close()


def _given(arguments: Mapping[str, object]) -> dict[str, object]:
    """Return the arguments that are given, as a tool takes them."""
    return {name: _plain(value) for name, value in arguments.items() if value is not None}


def _plain(value: object) -> object:
    """Return a program's own value as JSON has it: paths as text, and numbers of other libraries as numbers."""
    match value:
        case PathLike():
            return os.fspath(cast("PathLike[str]", value))
        case Real() | Decimal() if not isinstance(value, int):
            return float(value)
        case list() | tuple():
            return [_plain(entry) for entry in cast("Sequence[object]", value)]
        case Mapping():
            return {key: _plain(entry) for key, entry in cast("Mapping[object, object]", value).items()}
        case _:
            return value


def _parsed(name: str, arguments: object) -> Mapping[str, Any]:
    """Return the arguments as a model gives them; some send nothing, or JSON text twice over."""
    parsed: object = arguments or None
    for _ in range(_MOST_LAYERS):
        if isinstance(parsed, str):
            parsed = read_json(parsed)
    if parsed is None:
        return {}
    if not isinstance(parsed, Mapping):
        raise InvalidRequest(f"The arguments of {name[:40]} are not a JSON object.", billed="no")
    return cast("Mapping[str, Any]", parsed)  # the engine checks what is in it
