"""The commands generate and edit: every argument of their tool is an option."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import click

from mediasmith.cli.completion import complete_files
from mediasmith.cli.exit_codes import ExitCode
from mediasmith.cli.options import Properties, tool_arguments, tool_options
from mediasmith.cli.run import load_installation, print_result

if TYPE_CHECKING:
    from mediasmith.cli.interrupts import Interrupts
    from mediasmith.engine.results import MediaResult
    from mediasmith.engine.use_cases import Engine

Tool: TypeAlias = Literal["generate_media", "continue_edit"]
"""The tools that make something."""

_GENERATE = """\
Make something and print the path of each file.

PROMPT says what; - reads it from standard input."""

_GENERATE_EXAMPLES = """\
\b
Examples:
  mediasmith generate "a lighthouse at dusk" --aspect-ratio 16:9 -n 3
  mediasmith generate "waves roll in" --kind video --first-frame beach.jpg
  mediasmith generate --kind speech --output story/ - < story.txt
  mediasmith generate --prompts "a fox" --prompts "a wolf" --draft --open"""

_EDIT = """\
Change an earlier result and print the path of each new file.

ID is that of a file: it was printed when the file was made, and mediasmith jobs JOB prints it again. Using it twice
makes two branches. PROMPT says what to change; - reads it from standard input. Options override earlier ones."""

_EDIT_EXAMPLES = """\
\b
Examples:
  mediasmith edit ID "the same in winter"
  mediasmith edit ID "with this hat" --image hat.png --open"""


class MediaCommand(click.Command):
    """A command whose options follow from what is installed, and so are made when it is called."""

    def __init__(self, name: str, tool: Tool, positional: Sequence[click.Argument], *, about: str, epilog: str) -> None:
        super().__init__(name, callback=click.pass_context(self._run), help=about, epilog=epilog)
        self._tool: Tool = tool
        self._positional = positional
        self._properties: Properties = {}
        self._sections: Mapping[str, Sequence[click.Option]] = {}

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Return the context of one call, with the options that there are now."""
        if parent is not None:
            self._properties = _properties(parent, self._tool)
            self._sections = tool_options(self._properties)
        self.params = [*self._positional, *(option for options in self._sections.values() for option in options)]
        return super().make_context(info_name, args, parent, **extra)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options in sections."""
        for title, options in self._sections.items():
            records = [record for option in options if (record := option.get_help_record(ctx))]
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)

    def _run(self, ctx: click.Context, /, *, as_json: bool, opens: bool, **given: Any) -> ExitCode:
        arguments = tool_arguments(given, self._properties)

        async def generate(engine: Engine, interrupts: Interrupts) -> tuple[MediaResult, bool]:
            from mediasmith.cli.interrupts import run_job  # noqa: PLC0415 - late: help and mistakes need none

            start = engine.generate if self._tool == "generate_media" else engine.continue_edit
            return await run_job(engine, interrupts, partial(start, arguments))

        return print_result(ctx, generate, as_json=as_json, opens=opens)


def generate_command() -> click.Command:
    """Return the command that makes something new."""
    prompt = click.Argument(["prompt"], required=False, callback=_prompt)
    return MediaCommand("generate", "generate_media", [prompt], about=_GENERATE, epilog=_GENERATE_EXAMPLES)


def edit_command() -> click.Command:
    """Return the command that changes an earlier result."""
    continuation = click.Argument(["continuation_id"], metavar="ID", shell_complete=complete_files)
    prompt = click.Argument(["prompt"], callback=_prompt)
    return MediaCommand("edit", "continue_edit", [continuation, prompt], about=_EDIT, epilog=_EDIT_EXAMPLES)


def _properties(ctx: click.Context, tool: Tool) -> Properties:
    """Return the tool's arguments; those of an edit get the text that generate_media has for them."""
    tools = load_installation(ctx).tools
    about: Properties = tools["generate_media"].parameters["properties"]
    own: Properties = tools[tool].parameters["properties"]
    return {name: {**about.get(name, {}), **schema} for name, schema in own.items()}


def _prompt(ctx: click.Context, _param: click.Parameter, text: str | None) -> str | None:
    if text != "-" or ctx.resilient_parsing:
        return text
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise click.UsageError("The prompt on standard input is not UTF-8 text.", ctx) from None
