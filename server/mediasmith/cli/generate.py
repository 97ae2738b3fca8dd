"""The commands generate and edit: every argument of their tools is an option."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

import click

from mediasmith.cli.completion import complete_files, load_declarations
from mediasmith.cli.exit_codes import ExitCode
from mediasmith.cli.options import Properties, meant_options, prompt_last, tool_arguments, tool_options
from mediasmith.cli.run import load_installation, print_result

if TYPE_CHECKING:
    from mediasmith.cli.interrupts import Interrupts
    from mediasmith.engine.results import JobList, MediaResult
    from mediasmith.engine.use_cases import Engine

Tool: TypeAlias = Literal["generate_media", "continue_edit"]
"""The tools that make files."""

_GENERATE = """\
Generate media and print the path of each file.

PROMPT says what to make; - reads it from standard input."""

_GENERATE_EXAMPLES = """\
\b
Examples:
  mediasmith generate "a lighthouse at dusk" --aspect-ratio 16:9 -n 3
  mediasmith generate "waves roll in" --kind video --first-frame beach.jpg
  mediasmith generate --kind speech --output story/ - < story.txt
  mediasmith generate --prompts "a fox" --prompts "a wolf" --draft --open"""

_EDIT = """\
Change an earlier result and print the path of each new file.

ID is the id of a file: it is printed when the file is made, and again by mediasmith jobs JOB. It may also be the path
of the file, the id of a job that made one file, or last, for the newest. Use it twice to make two branches. PROMPT says
what to change; - reads it from standard input. Options override those of the earlier call."""

_EDIT_EXAMPLES = """\
\b
Examples:
  mediasmith edit ID "the same in winter"
  mediasmith edit last "with this hat" --image hat.png --open"""

_LAST = "last"
"""What stands for the newest job that made a file."""


class MediaCommand(click.Command):
    """A command whose options depend on the installed backends, and are therefore created when it is called."""

    def __init__(self, name: str, tool: Tool, positional: Sequence[click.Argument], *, about: str, epilog: str) -> None:
        super().__init__(name, callback=click.pass_context(self._run), help=about, epilog=epilog)
        self._tool: Tool = tool
        self._positional = positional
        self._properties: Properties = {}
        self._options: Collection[str] = ()
        self._sections: Mapping[str, Sequence[click.Option]] = {}

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Return the context of a call, with its options."""
        if parent is not None:
            self._properties, self._options = _declared(parent, self._tool)
            self._sections = tool_options(self._properties)
        self.params = [*self._positional, *(option for options in self._sections.values() for option in options)]
        return super().make_context(info_name, args, parent, **extra)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Return the arguments that are left once options are taken. A prompt may begin with a dash."""
        try:
            return super().parse_args(ctx, prompt_last(args, self.get_params(ctx)))
        except click.NoSuchOption as error:
            meant = " or ".join(meant_options(error.option_name, self._properties, self._options))
            hint = f"Did you mean {meant}? " if meant else ""
            message = f"{error.message} {hint}To use it as the prompt, put -- before it."
            raise click.NoSuchOption(error.option_name, message, ctx=ctx) from None

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options in sections."""
        for title, options in self._sections.items():
            records = [record for option in options if (record := option.get_help_record(ctx))]
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)

    def _run(self, ctx: click.Context, /, *, as_json: bool, opens: bool, **given: Any) -> ExitCode:
        arguments = tool_arguments(given)

        async def generate(engine: Engine, interrupts: Interrupts) -> tuple[MediaResult, bool]:
            from mediasmith.cli.interrupts import run_job  # noqa: PLC0415 - late: not needed for help or usage errors

            if arguments.get("continuation_id") == _LAST:
                arguments["continuation_id"] = await _last_job(engine)
            start = engine.generate if self._tool == "generate_media" else engine.continue_edit
            return await run_job(engine, interrupts, partial(start, arguments))

        return print_result(ctx, generate, as_json=as_json, opens=opens)


async def _last_job(engine: Engine) -> str:
    """Return the id of the newest job that made a file.

    Raises:
        UnknownContinuation: none of the recent jobs did.
    """
    from mediasmith.plugin.errors import UnknownContinuation  # noqa: PLC0415 - late: as above

    recent = cast("JobList", await engine.get_job({}, engine.installation.caller()))
    made = next((job.job_id for job in recent.jobs if job.files), "")
    if not made:
        raise UnknownContinuation(
            "None of the recent jobs made a file.",
            "mediasmith jobs lists them. Make one with: mediasmith generate",
            billed="no",
        )
    return made


def generate_command() -> click.Command:
    """Return the command that makes new files."""
    prompt = click.Argument(["prompt"], required=False, callback=_prompt)
    return MediaCommand("generate", "generate_media", [prompt], about=_GENERATE, epilog=_GENERATE_EXAMPLES)


def edit_command() -> click.Command:
    """Return the command that changes an earlier result."""
    continuation = click.Argument(["continuation_id"], metavar="ID", shell_complete=complete_files)
    prompt = click.Argument(["prompt"], callback=_prompt)
    return MediaCommand("edit", "continue_edit", [continuation, prompt], about=_EDIT, epilog=_EDIT_EXAMPLES)


def _declared(ctx: click.Context, tool: Tool) -> tuple[Properties, Collection[str]]:
    """Return the tool's arguments, and the options of its backends.

    continue_edit takes its descriptions from generate_media.
    """
    if ctx.resilient_parsing:  # to complete a word in a shell
        tools = {one.name: one for one in load_declarations(ctx).tools}
    else:
        tools = load_installation(ctx).tools
    about: Properties = tools["generate_media"].parameters["properties"]
    own: Properties = tools[tool].parameters["properties"]
    return {name: {**about.get(name, {}), **schema} for name, schema in own.items()}, tools[tool].options


def _prompt(ctx: click.Context, _param: click.Parameter, text: str | None) -> str | None:
    if text != "-" or ctx.resilient_parsing:
        return text
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise click.UsageError("The prompt on standard input is not UTF-8 text.", ctx) from None
