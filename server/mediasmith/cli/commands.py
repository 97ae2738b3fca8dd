"""Define the commands and their help."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from mediasmith.cli.completion import SHELLS, complete_backends, complete_jobs, script
from mediasmith.cli.exit_codes import ExitCode
from mediasmith.cli.generate import edit_command, generate_command
from mediasmith.cli.options import json_option, open_option
from mediasmith.cli.run import load_installation, open_engine, print_result, run_to_exit_code
from mediasmith.cli.terminal import put, say

if TYPE_CHECKING:
    from mediasmith.cli.interrupts import Interrupts
    from mediasmith.engine.results import JobList, MediaResult
    from mediasmith.engine.use_cases import Engine

_EPILOG = """\
\b
Examples:
  mediasmith generate "a lighthouse at dusk" --aspect-ratio 16:9
  mediasmith edit ID "the same in winter"
  mediasmith jobs

\b
In the settings of an MCP client:
  {"mcpServers": {"mediasmith": {"command": "mediasmith"}}}

\b
Exit codes:
    0  done
    1  failed: nothing was made, or a check found problems
    2  usage error: nothing was done
    3  still running: collect it with mediasmith jobs ID
  130  interrupted: there is nothing to collect

Paths and answers are written to standard output, everything else to standard error. With --json, standard output is
one JSON value (nothing after a usage error); a failure has status, error, hint and billed."""

_COMPLETION = """\
Print the completion script for a shell.

Save it where your shell looks for completions:

\b
  mediasmith completion bash > ~/.local/share/bash-completion/completions/mediasmith
  mediasmith completion zsh > "${fpath[1]}/_mediasmith"
  mediasmith completion fish > ~/.config/fish/completions/mediasmith.fish"""

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

_DIFFERENCES = 40
"""Lines of a diff to show at most."""


def run(words: Sequence[str]) -> int:
    """Run a command and return its exit code. Shell completion raises SystemExit instead."""
    try:
        return int(commands.main(words, "mediasmith", standalone_mode=False))
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return ExitCode.INTERRUPTED


class Commands(click.Group):
    """A group that lists its commands in the order in which they were added."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of the commands."""
        return list(self.commands)


@click.group(cls=Commands, epilog=_EPILOG, context_settings=_CONTEXT)
@click.version_option(package_name="mediasmith", message="%(prog)s %(version)s")
def commands() -> None:
    """Generate and edit media files: images, video, speech and music.

    Without a command, serve MCP on standard input and output.
    """


@commands.command()
@click.option("--http", is_flag=True, help="Serve streamable HTTP instead, until Ctrl-C.")
@click.option("--host", help="With --http, the address to listen on. Default 127.0.0.1, for this machine only.")
@click.option("--port", type=int, help="With --http, the port to listen on; 0 picks a free one. Default 8765.")
@click.option("--gallery", is_flag=True, help="With --http, also serve the gallery, at /gallery.")
@click.option("--no-work", is_flag=True, help="With --http in a fleet, leave all jobs to workers.")
def serve(*, http: bool, host: str | None, port: int | None, gallery: bool, no_work: bool) -> ExitCode:
    """Serve MCP on standard input and output, or over HTTP."""
    if http:
        return run_to_exit_code(partial(_serve_over_http, host, port, gallery=gallery, works=not no_work))
    if host is not None or port is not None or gallery or no_work:
        raise click.UsageError("--host, --port, --gallery and --no-work need --http.")
    from mediasmith.cli.serve import serve_over_stdio  # noqa: PLC0415 - heavy: the MCP SDK

    return serve_over_stdio()


async def _serve_over_http(host: str | None, port: int | None, *, gallery: bool, works: bool) -> ExitCode:
    from mediasmith.mcp.http.listener import HOST, PORT, serve_http  # noqa: PLC0415 - heavy: as above

    serve = serve_http
    if gallery:
        from mediasmith.gallery.gallery_app import serve_http_with_gallery  # noqa: PLC0415 - late: only needed here

        serve = serve_http_with_gallery
    await serve(HOST if host is None else host, PORT if port is None else port, works=works)
    return ExitCode.DONE


@commands.command()
def worker() -> ExitCode:
    """Do the jobs of a fleet without serving anybody, until Ctrl-C.

    Needed only beside replicas with serve --no-work: others do jobs themselves.
    """

    async def run() -> ExitCode:
        from mediasmith.cli.worker import work  # noqa: PLC0415 - heavy: as above

        await work()
        return ExitCode.DONE

    return run_to_exit_code(run)


@commands.command("import")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.pass_context
def import_command(ctx: click.Context, folder: Path) -> ExitCode:
    """Copy the library of one machine, with its files, to the fleet that the settings name.

    FOLDER is that machine's data folder. It stays as it is. The command can be stopped and run again.
    """

    async def work() -> ExitCode:
        from mediasmith.cli.import_library import import_library  # noqa: PLC0415 - heavy: as above

        async with open_engine(ctx) as engine:
            await import_library(engine, folder)
        return ExitCode.DONE

    return run_to_exit_code(work)


commands.add_command(generate_command())
commands.add_command(edit_command())


@commands.command("backends", params=[json_option()])
@click.argument("backend", required=False, metavar="[NAME]", shell_complete=complete_backends)
@click.option("--query", metavar="TEXT", help="Find models by text; with NAME, also one by its id, in full.")
@click.pass_context
def list_backends(ctx: click.Context, backend: str | None, *, query: str | None, as_json: bool) -> ExitCode:
    """Show what can be generated, and what is missing for the rest.

    With NAME, show one backend in full: models, parameters, options, inputs and voices.
    """
    from mediasmith.cli.output import format_listing  # noqa: PLC0415 - late: not needed for help or usage errors

    async def work() -> ExitCode:
        async with open_engine(ctx) as engine:
            listing = await engine.list_backends({"backend": backend, "query": query})
        put(listing.text() if as_json else format_listing(listing, searched=bool(query)))
        return ExitCode.DONE

    return run_to_exit_code(work, as_json=as_json)


@commands.command(params=[json_option(), open_option()])
@click.argument("job_id", required=False, metavar="[ID]", shell_complete=complete_jobs)
@click.option(
    "--cancel", is_flag=True, help="Cancel the job, also at the provider. Work that the provider cannot stop continues."
)
@click.pass_context
def jobs(ctx: click.Context, job_id: str | None, *, cancel: bool, as_json: bool, opens: bool) -> ExitCode:
    """List recent jobs, or wait for one.

    With ID, wait for that job and print the path of each file, like the command that started it.
    """
    if job_id is None:
        if cancel or opens:
            raise click.UsageError("--cancel and --open need a job ID.")
        return run_to_exit_code(partial(_list_jobs, ctx, as_json=as_json), as_json=as_json)
    if cancel:
        return run_to_exit_code(partial(_cancel_job, ctx, job_id, as_json=as_json), as_json=as_json)

    async def collect(engine: Engine, interrupts: Interrupts) -> tuple[MediaResult, bool]:
        from mediasmith.cli.interrupts import wait_for_job  # noqa: PLC0415 - late: as above

        return await wait_for_job(engine, interrupts, job_id)

    return print_result(ctx, collect, as_json=as_json, opens=opens)


async def _list_jobs(ctx: click.Context, *, as_json: bool) -> ExitCode:
    from mediasmith.cli.output import format_jobs  # noqa: PLC0415 - late: as above

    async with open_engine(ctx) as engine:
        recent = cast("JobList", await engine.get_job({}, engine.installation.caller()))
        text = recent.text() if as_json else format_jobs(recent, now=engine.clock.now())
    put(text)
    return ExitCode.DONE


async def _cancel_job(ctx: click.Context, job_id: str, *, as_json: bool) -> ExitCode:
    from mediasmith.cli.output import show  # noqa: PLC0415 - late: as above

    async with open_engine(ctx) as engine:
        given = {"job_id": job_id, "cancel": True}
        result = cast("MediaResult", await engine.get_job(given, engine.installation.caller()))
        with engine.delivery(result):
            code = show(result, as_json=as_json)
    return ExitCode.DONE if result.status == "cancelled" else code


@commands.command()
@click.option("--port", type=int, default=0, help="The port to listen on. By default, any that is free.")
@click.option("--no-open", is_flag=True, help="Only print the address.")
def gallery(*, port: int, no_open: bool) -> ExitCode:
    """Look at all files in the browser, edit them and make new ones.

    The page is for this machine only, until Ctrl-C.
    """

    async def work() -> ExitCode:
        from mediasmith.cli.open_files import open_page  # noqa: PLC0415 - late: only needed here
        from mediasmith.gallery.gallery_app import serve_gallery  # noqa: PLC0415 - heavy: the MCP SDK

        await serve_gallery(port, (lambda _: None) if no_open else open_page)
        return ExitCode.DONE

    return run_to_exit_code(work)


@commands.command(params=[json_option()])
@click.option(
    "--check", is_flag=True, help="Ask each provider and engine that is set up something free, such as its models."
)
def doctor(*, check: bool, as_json: bool) -> ExitCode:
    """Show what is set, what is ready, and what to fix.

    This costs nothing, shows no keys and, without --check, sends nothing.
    """
    from mediasmith.cli.doctor import examine  # noqa: PLC0415 - heavy: everything
    from mediasmith.cli.output import format_report  # noqa: PLC0415 - late: as above

    async def work() -> ExitCode:
        report = await examine(check=check)
        put(format_report(report, as_json=as_json))
        return ExitCode.DONE if report.healthy else ExitCode.FAILED

    return run_to_exit_code(work, as_json=as_json)


@commands.command()
@click.argument(
    "file", default=Path("TOOL.md"), metavar="[FILE]", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--check", is_flag=True, help="Write nothing; show the differences, and exit with 1 if there are any.")
@click.pass_context
def reference(ctx: click.Context, file: Path, *, check: bool) -> ExitCode:
    """Regenerate the reference tables in a page.

    The tables stand between markers in FILE (default TOOL.md). They describe the installed backends.
    """
    from mediasmith.cli.reference import regenerate  # noqa: PLC0415 - heavy: pydantic

    try:
        before = file.read_text("utf-8")
        after = regenerate(before, load_installation(ctx))
        if not check and after != before:
            file.write_text(after, "utf-8")
    except (OSError, ValueError) as error:
        raise click.ClickException(f"{file}: {error}") from error
    if after == before:
        say(f"{file} is up to date.")
        return ExitCode.DONE
    if not check:
        say(f"{file} was regenerated.")
        return ExitCode.DONE
    put(_differences(before, after))
    say(f"{file} is out of date. Regenerate it with: mediasmith reference {file}")
    return ExitCode.FAILED


def _differences(before: str, after: str) -> str:
    import difflib  # noqa: PLC0415 - late: only needed here

    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), "now", "regenerated", lineterm="", n=0))
    more = [f"... and {len(lines) - _DIFFERENCES} more lines"] if len(lines) > _DIFFERENCES else []
    return "\n".join([*lines[:_DIFFERENCES], *more])


@commands.command(help=_COMPLETION)
@click.argument("shell", type=click.Choice(list(SHELLS)))
def completion(shell: str) -> ExitCode:
    """Print the completion script for a shell."""
    put(script(commands, shell))
    return ExitCode.DONE
