"""Run a command and turn what happens into an exit code. With --json, failures are printed as JSON, too."""

from __future__ import annotations

import gc
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import click

from mediasmith.cli.exit_codes import ExitCode
from mediasmith.cli.terminal import put, say
from mediasmith.plugin.errors import MediaError

if TYPE_CHECKING:
    from mediasmith.cli.interrupts import Interrupts
    from mediasmith.config.installation import Installation
    from mediasmith.engine.results import MediaResult
    from mediasmith.engine.use_cases import Engine

GetResult: TypeAlias = "Callable[[Engine, Interrupts], Awaitable[tuple[MediaResult, bool]]]"
"""Returns a result, and whether it answers the request."""


def load_installation(ctx: click.Context) -> Installation:
    """Return the settings and the installed backends, loaded once per command."""
    root = ctx.find_root()
    if root.obj is None:
        gc.disable()  # what is loaded is no garbage, and looking for some in it takes a tenth of the time
        try:
            from mediasmith.config.installation import Installation  # noqa: PLC0415 - heavy: pydantic

            root.obj = Installation.load()
        finally:
            gc.freeze()  # nor is it looked through when more is loaded, or at the end
            gc.enable()
    return root.obj


@asynccontextmanager
async def open_engine(ctx: click.Context) -> AsyncGenerator[Engine]:
    """Open the engine for a person at a terminal: paths are relative to the working directory and may lead anywhere."""
    from mediasmith.engine.bootstrap import lazy_engine  # noqa: PLC0415 - heavy: not needed for help or usage errors

    async with lazy_engine(partial(load_installation, ctx), confined=False) as engine:
        yield await engine.get()


def run_to_exit_code(work: Callable[[], Awaitable[ExitCode]], *, as_json: bool = False) -> ExitCode:
    """Do the work, and return its exit code, also when it fails or is interrupted.

    A Ctrl-C once the work is done changes nothing.
    """
    import anyio  # noqa: PLC0415 - heavy: as above

    codes: list[ExitCode] = []

    async def run() -> None:
        codes.append(await work())

    try:
        anyio.run(run)
    except MediaError as error:
        return _report_failure(error, as_json=as_json)
    except KeyboardInterrupt:
        from mediasmith.cli.interrupts import Interrupted  # noqa: PLC0415 - late: as above

        if not codes:
            stopped = Interrupted("Stopped.", "`mediasmith jobs` shows what can still be collected.")
            return _report_failure(stopped, as_json=as_json)
    return codes[0]


def print_result(ctx: click.Context, get_result: GetResult, *, as_json: bool, opens: bool) -> ExitCode:
    """Get a result, print it, and open its files."""
    from mediasmith.cli.interrupts import catch_interrupts  # noqa: PLC0415 - late: as above
    from mediasmith.cli.output import show  # noqa: PLC0415 - late: as above

    places: list[str] = []

    async def work() -> ExitCode:
        with catch_interrupts() as interrupts:
            async with open_engine(ctx) as engine:
                try:
                    result, answered = await get_result(engine, interrupts)
                except MediaError as error:  # reported before the engine closes, which may take a moment
                    return _report_failure(error, as_json=as_json)
                with engine.delivery(result) if answered else nullcontext():
                    code = show(result, as_json=as_json)
                places.extend(file.place for file in result.files)
                return code

    code = run_to_exit_code(work, as_json=as_json)
    if opens and code is ExitCode.DONE and places:
        from mediasmith.cli.open_files import open_files  # noqa: PLC0415 - late: as above

        open_files(places)
    return code


def _report_failure(error: MediaError, *, as_json: bool) -> ExitCode:
    from mediasmith.cli.interrupts import Interrupted  # noqa: PLC0415 - late: as above

    if as_json:
        answer = {
            "status": "running" if error.job_id else "failed",
            "job_id": error.job_id,
            "error": str(error),
            "hint": error.next_step,
            "billed": error.billed,
        }
        given = {name: text for name, text in answer.items() if text}
        put(json.dumps(given, ensure_ascii=False, separators=(",", ":")))
    say(str(error))
    return ExitCode.INTERRUPTED if isinstance(error, Interrupted) else ExitCode.FAILED
