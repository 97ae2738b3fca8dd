"""Doing a command's work, to its exit code. With --json a failure is an answer too."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from typing import TYPE_CHECKING

import click

from mediasmith.cli.exit_codes import Exit
from mediasmith.cli.terminal import put, say
from mediasmith.plugin.errors import MediaError

if TYPE_CHECKING:
    from mediasmith.config.installation import Installation
    from mediasmith.engine.results import MediaResult
    from mediasmith.engine.use_cases import Engine


def installed(ctx: click.Context) -> Installation:
    """What is installed and set here, looked up once in a command."""
    root = ctx.find_root()
    if root.obj is None:
        from mediasmith.config.installation import Installation  # noqa: PLC0415 - heavy: pydantic

        root.obj = Installation.load()
    return root.obj


@asynccontextmanager
async def opened(ctx: click.Context) -> AsyncGenerator[Engine]:
    """The engine for whoever is at the terminal: paths start at the working directory, and may lead anywhere."""
    from mediasmith.engine.bootstrap import lazy_engine  # noqa: PLC0415 - heavy: help and mistakes need none

    async with lazy_engine(installed(ctx), confined=False) as found:
        yield await found.get()


def finished(work: Callable[[], Awaitable[Exit]], *, as_json: bool = False) -> Exit:
    """Do the work; its exit code, also when it fails or is interrupted."""
    import anyio  # noqa: PLC0415 - heavy: as above

    try:
        return anyio.run(work)
    except MediaError as error:
        return _failed(error, as_json=as_json)
    except KeyboardInterrupt:
        from mediasmith.cli.interrupts import Interrupted  # noqa: PLC0415 - late: as above

        stopped = Interrupted("Stopped.", "`mediasmith jobs` shows what can still be collected.")
        return _failed(stopped, as_json=as_json)


def answered(
    ctx: click.Context,
    ask: Callable[[Engine], Awaitable[tuple[MediaResult, bool]]],
    *,
    as_json: bool,
    opens: bool,
) -> Exit:
    """Ask for a result, print it, and open its files. `ask` also says whether this is the answer to the request."""
    from mediasmith.cli.output import show  # noqa: PLC0415 - late: as above

    paths: list[str] = []

    async def work() -> Exit:
        async with opened(ctx) as engine:
            try:
                result, whole = await ask(engine)
            except MediaError as error:  # told now: after Ctrl-C nobody waits until the engine is closed
                return _failed(error, as_json=as_json)
            with engine.delivery(result) if whole else nullcontext():
                code = show(result, as_json=as_json)
            paths.extend(file.path for file in result.files)
            return code

    code = finished(work, as_json=as_json)
    if opens and code is Exit.DONE and paths:
        from mediasmith.cli.open_files import view  # noqa: PLC0415 - late: as above

        view(paths)
    return code


def _failed(error: MediaError, *, as_json: bool) -> Exit:
    from mediasmith.cli.interrupts import Interrupted  # noqa: PLC0415 - late: as above

    if as_json:
        status = "running" if error.job_id else "failed"
        told = {
            "status": status,
            "job_id": error.job_id,
            "error": str(error),
            "hint": error.hint,
            "billed": error.billed,
        }
        given = {name: text for name, text in told.items() if text}
        put(json.dumps(given, ensure_ascii=False, separators=(",", ":")))
    say(str(error))
    return Exit.INTERRUPTED if isinstance(error, Interrupted) else Exit.FAILED
