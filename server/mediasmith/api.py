"""The library face: the same tools for a program, without MCP."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from mediasmith.config.caller import Caller
from mediasmith.config.settings import Settings
from mediasmith.engine.bootstrap import open_engine
from mediasmith.engine.results import BackendList, JobList, MediaResult
from mediasmith.engine.use_cases import Engine
from mediasmith.plugin.errors import InvalidRequest


@dataclass(frozen=True, kw_only=True)
class ToolDescription:
    """One tool for an LLM's function calling: `parameters` is a JSON schema."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Media:
    """An open Mediasmith. Calls wait for the end of the job unless `wait_seconds` is given.

    Every method takes the arguments of the tool of that name; paths may be `pathlib.Path`. All raise `MediaError`.
    """

    engine: Engine

    async def generate(self, prompt: str = "", **arguments: Any) -> MediaResult:
        """Make something new, as generate_media."""
        return await self._run("generate_media", {**({"prompt": prompt} if prompt else {}), **arguments})

    async def continue_edit(self, continuation_id: str, prompt: str, **arguments: Any) -> MediaResult:
        """Change an earlier result, as continue_edit."""
        given = {"continuation_id": continuation_id, "prompt": prompt, **arguments}
        return await self._run("continue_edit", given)

    async def list_backends(self, **arguments: Any) -> BackendList:
        """Return what can be made, as list_backends."""
        return await self.engine.list_backends(arguments)

    async def get_job(self, job_id: str = "", **arguments: Any) -> MediaResult | JobList:
        """Wait for, collect or cancel a job, as get_job."""
        return await self._get_job({"job_id": job_id, **arguments})

    def tools(self) -> tuple[ToolDescription, ...]:
        """Return the tools, for a model that calls functions."""
        return tuple(
            ToolDescription(name=tool.name, description=tool.description, parameters=tool.parameters)
            for tool in self.engine.installation.tools.values()
        )

    async def call(self, name: str, arguments: Mapping[str, Any]) -> dict[str, JsonValue]:
        """Run the tool that a model has called, and return the JSON to answer it with."""
        match name:
            case "generate_media" | "continue_edit":
                result = await self._run(name, arguments)
            case "list_backends":
                result = await self.engine.list_backends(arguments)
            case "get_job":
                result = await self._get_job(arguments)
            case _:
                raise InvalidRequest(
                    f"There is no tool {name[:40]!r}. Known: {', '.join(self.engine.installation.tools)}.", billed="no"
                )
        return result.model_dump(mode="json", exclude_defaults=True)

    async def _run(self, name: str, arguments: Mapping[str, Any]) -> MediaResult:
        given = {key: _plain(value) for key, value in arguments.items()}
        caller = Caller(wait=math.inf)
        make = self.engine.generate if name == "generate_media" else self.engine.continue_edit
        result = await make(given, caller)
        await self.engine.promise(result)
        with self.engine.delivery(result):
            return result

    async def _get_job(self, arguments: Mapping[str, Any]) -> MediaResult | JobList:
        result = await self.engine.get_job(arguments, Caller(wait=math.inf))
        await self.engine.promise(result)
        with self.engine.delivery(result):
            return result


@asynccontextmanager
async def open_media(settings: Settings | None = None) -> AsyncGenerator[Media]:
    """Open Mediasmith, and close it at the end. `settings` are read from the environment unless given."""
    async with open_engine(settings=settings) as engine:
        yield Media(engine=engine)


def _plain(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, list | tuple):
        entries: list[object] = list(value)  # pyright: ignore[reportUnknownArgumentType]  # a program's own values
        return [_plain(entry) for entry in entries]
    return value
