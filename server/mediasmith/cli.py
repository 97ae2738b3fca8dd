"""The command line: serve (the default), generate, edit, backends, jobs, doctor."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from typing import Any

from mediasmith.errors import MediaError

OK, FAILED, WRONG, LATER = 0, 1, 2, 3
"""Exit codes: done; nothing was made; the command is wrong; still running, to be collected."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code."""
    parser = _parser()
    given = parser.parse_args(argv)
    import anyio  # noqa: PLC0415 - heavy: --help and mistakes answer at once

    try:
        if given.command in {None, "serve"}:
            return _serve()
        return anyio.run(_COMMANDS[given.command], given)
    except MediaError as error:
        print(error, file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("Stopped. `mediasmith jobs` shows what can still be collected.", file=sys.stderr)
        return LATER


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mediasmith", description="Media files from one call. Without a command: serve MCP on stdin and stdout."
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("serve", help="serve MCP on stdin and stdout")
    generate = commands.add_parser("generate", help="make something and print its path")
    generate.add_argument("prompt", help="what to make")
    generate.add_argument("--kind", help="image (default), video, speech, ...")
    _add_making(generate)
    edit = commands.add_parser("edit", help="change an earlier result and print the new path")
    edit.add_argument("continuation_id", metavar="ID", help="the id of an earlier file")
    edit.add_argument("prompt", help="what to change")
    _add_making(edit)
    backends = commands.add_parser("backends", help="what can be made here, and what is missing")
    backends.add_argument("backend", nargs="?", help="one backend in full")
    jobs = commands.add_parser("jobs", help="recent jobs, or one: wait for it and collect it")
    jobs.add_argument("job_id", nargs="?", metavar="ID")
    jobs.add_argument("--cancel", action="store_true", help="stop it")
    commands.add_parser("doctor", help="what is set, what is ready and what to fix; spends nothing")
    for command in (generate, edit, backends, jobs):
        command.add_argument("--json", action="store_true", help="print the whole answer as JSON")
    return parser


def _add_making(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--backend")
    parser.add_argument("--model")
    parser.add_argument("--output", metavar="PATH", help="folder or file name to save to")
    parser.add_argument("--image", action="append", metavar="FILE", help="reference image; may be given again")
    parser.add_argument("-n", type=int, help="how many")
    parser.add_argument("--draft", action="store_true", default=None, help="cheap and fast model")
    parser.add_argument("--dry-run", action="store_true", default=None, help="only say what would be done and cost")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        type=_pair,
        metavar="WORD=VALUE",
        help="any other argument of the tool, such as aspect_ratio=16:9; see `mediasmith backends NAME`",
    )


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not WORD=VALUE")
    return name, value


def _serve() -> int:
    import anyio  # noqa: PLC0415 - as above

    from mediasmith.serving import serve_stdio  # noqa: PLC0415 - heavy

    if sys.stdin.isatty():
        print("Serving MCP on stdin and stdout; Ctrl-C ends it. `mediasmith --help` has more.", file=sys.stderr)
    anyio.run(serve_stdio)
    return OK


def _arguments(given: argparse.Namespace) -> dict[str, Any]:
    named = ("prompt", "continuation_id", "kind", "backend", "model", "output", "image", "n", "draft", "dry_run")
    arguments = {name: getattr(given, name, None) for name in named}
    return {name: value for name, value in arguments.items() if value is not None} | dict(given.set)
