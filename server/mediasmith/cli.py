"""The command line: serve (the default), generate, edit, backends, jobs, doctor.

What was asked for goes to standard output, so that it pipes; what is said about it goes to standard error. Nothing
heavy is imported before it is needed, so that help and mistakes answer at once.
"""

from __future__ import annotations

import json
import math
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from mediasmith.errors import MediaError

if TYPE_CHECKING:
    from mediasmith.engine import Engine
    from mediasmith.results import BackendList, CapabilityDetail, JobList, MediaResult

OK, FAILED, LATER = 0, 1, 3
"""Exit codes: done; nothing was made; left running, to be collected. The parser's own for wrong usage is 2."""

_COMMAND_OF = {"generate_media": "generate", "continue_edit": "edit", "list_backends": "backends", "get_job": "jobs"}
"""The command that does what each tool does."""

_NAMED = ("prompt", "continuation_id", "kind", "backend", "model", "output", "image", "n", "draft", "dry_run")
"""The tools' arguments that have an option of their own."""

_PROGRESS_SECONDS = 4.0
"""Seconds between two lines about a job that is waited for, at least."""

_SHOWN = 3
"""Models that a row of the table names."""

_EPILOG = """\
examples:
  mediasmith generate "a lighthouse at dusk" --set aspect_ratio=16:9
  mediasmith edit ID "the same in winter"
  mediasmith generate --kind speech - < story.txt

in the settings of an MCP client:
  {"mcpServers": {"mediasmith": {"command": "mediasmith"}}}

exit codes: 0 done, 1 nothing was made, 2 wrong usage, 3 left running
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code. Raises SystemExit after help, the version, or wrong usage."""
    given = _parsed(argv)
    import anyio  # noqa: PLC0415 - heavy: see the module's own words

    try:
        return anyio.run(_COMMANDS[given.command], given)
    except MediaError as error:
        _say(str(error))
        return FAILED
    except KeyboardInterrupt:
        _say("Stopped. `mediasmith jobs` shows what can still be collected.")
        return LATER


def _parsed(argv: Sequence[str] | None) -> Namespace:
    parser = _parser()
    given = parser.parse_args(argv)
    if given.version:
        from importlib.metadata import version  # noqa: PLC0415 - heavy: see the module's own words

        _put(f"mediasmith {version('mediasmith')}")
        parser.exit()
    given.command = given.command or "serve"
    for name, equals, _ in (pair.partition("=") for pair in (*given.set, *given.option)):
        if not name or not equals:
            parser.error(f"{name!r} is not NAME=VALUE")
        if name == "wait_seconds":
            parser.error("there is no wait_seconds here: the end is waited for, and Ctrl-C leaves a job running")
    if given.command == "jobs" and given.cancel and not given.job_id:
        parser.error("--cancel needs the ID of a job")
    if given.prompt == "-":
        given.prompt = _from_stdin(parser)
    return given


def _from_stdin(parser: ArgumentParser) -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        parser.error("the prompt on standard input is not UTF-8 text")


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="mediasmith",
        description="Media files from one call. Without a command: serve MCP on standard input and output.",
        epilog=_EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.set_defaults(set=[], option=[], prompt=None)
    parser.add_argument("--version", action="store_true", help="show the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    commands.add_parser("serve", help="serve MCP on standard input and output")
    generate = commands.add_parser("generate", help="make something and print the path of each file")
    generate.add_argument("prompt", nargs="?", metavar="PROMPT", help="what to make; - reads it from standard input")
    generate.add_argument("--kind", help="image (default), video, speech, music, ...: see mediasmith backends")
    edit = commands.add_parser("edit", help="change an earlier result and print the path of each new file")
    edit.add_argument("continuation_id", metavar="ID", help="the id of an earlier file")
    edit.add_argument("prompt", metavar="PROMPT", help="what to change; - reads it from standard input")
    backends = commands.add_parser("backends", help="what can be made here, and what is missing for the rest")
    backends.add_argument("backend", nargs="?", metavar="NAME", help="one backend in full")
    jobs = commands.add_parser("jobs", help="the recent jobs; or one: wait for it and print the path of each file")
    jobs.add_argument("job_id", nargs="?", metavar="ID")
    jobs.add_argument("--cancel", action="store_true", help="stop it, at the provider too where that works")
    commands.add_parser("doctor", help="what is set, what is ready and what to fix; sends and spends nothing")
    for command in (generate, edit):
        _add_making(command)
    for command in (generate, edit, backends, jobs):
        command.add_argument("--json", action="store_true", help="print the whole answer as JSON")
    return parser


def _add_making(parser: ArgumentParser) -> None:
    parser.add_argument("--backend", metavar="NAME", help="who makes it; without it, the best that can")
    parser.add_argument("--model", help="a model of the backend")
    parser.add_argument("--output", metavar="PATH", help="folder or file name to save to")
    parser.add_argument("--image", action="append", metavar="FILE", help="reference image; may be given again")
    parser.add_argument("-n", type=int, help="how many")
    parser.add_argument("--draft", action="store_true", default=None, help="the cheap and fast model")
    parser.add_argument("--dry-run", action="store_true", default=None, help="only say what would be done and cost")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="WORD=VALUE",
        help="any other argument, such as size=1K, seed=7, voices=Ann=nova,Bob=echo; may be given again",
    )
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a word of one backend alone, as text or JSON: see mediasmith backends NAME; may be given again",
    )


def _arguments(given: Namespace, properties: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The arguments of the tool, each of the type that its schema says. The engine checks them."""
    arguments = {name: value for name in _NAMED if (value := getattr(given, name, None)) is not None}
    for word, _, text in (pair.partition("=") for pair in given.set):
        kind = properties.get(word, {}).get("type", "string")
        if kind == "array":
            arguments[word] = [*arguments.get(word, ()), *_listed(text)]
        else:
            arguments[word] = text if kind == "string" else _read(text)
    for name, _, text in (pair.partition("=") for pair in given.option):
        options = arguments.setdefault("options", {})
        if isinstance(options, dict):
            options[name] = _read(text)
    return arguments


def _listed(text: str) -> list[Any]:
    read = _read(text)
    return cast("list[Any]", read) if isinstance(read, list) else text.split(",")


def _read(text: str) -> object:
    """A JSON value where the text is one, else the text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


async def _serve(_given: Namespace) -> int:
    from mediasmith.serving import serve_stdio  # noqa: PLC0415 - heavy: see the module's own words

    if sys.stdin.isatty():
        _say("Serving MCP on standard input and output; Ctrl-C ends it. `mediasmith --help` tells more.")
    await serve_stdio()
    return OK


@asynccontextmanager
async def _opened() -> AsyncGenerator[Engine]:
    from mediasmith.opening import open_engine  # noqa: PLC0415 - heavy: see the module's own words

    async with open_engine() as engine:
        yield engine


async def _make(given: Namespace) -> int:
    from mediasmith.caller import Caller  # noqa: PLC0415 - heavy: see the module's own words

    async with _opened() as engine:
        tool, make = (
            ("generate_media", engine.generate)
            if given.command == "generate"
            else ("continue_edit", engine.continue_edit)
        )
        arguments = _arguments(given, engine.installation.tools[tool].parameters["properties"])
        # Not waiting here gives the job's id at once, for whoever stops waiting.
        result = await make(arguments, Caller(wait=0))
        if result.status == "running":
            said = result.warnings
            result = await _collected(engine, result.job_id)
            result = result.model_copy(update={"warnings": tuple(dict.fromkeys((*said, *result.warnings)))})
        code = _show(result, as_json=given.json)
        engine.answered(result)
    return code


async def _collected(engine: Engine, job_id: str) -> MediaResult:
    """The job once it has ended. Ctrl-C leaves it alone, and says how to collect it."""
    import anyio  # noqa: PLC0415 - heavy: see the module's own words

    from mediasmith.caller import Caller  # noqa: PLC0415 - heavy: see the module's own words

    try:
        ended = await engine.get_job({"job_id": job_id}, Caller(wait=math.inf, notify=Progress()))
    except anyio.get_cancelled_exc_class():
        _say(f"Collect it, or see what became of it, with: mediasmith jobs {job_id}")
        raise
    return cast("MediaResult", ended)


class Progress:
    """Tells how a job stands, every few seconds."""

    def __init__(self) -> None:
        self._last = 0.0

    async def __call__(self, seconds: float, message: str) -> None:
        """Say it, unless something was said a moment ago."""
        if seconds - self._last >= _PROGRESS_SECONDS:
            self._last = seconds
            _say(f"{seconds:.0f} s: {message}")


async def _backends(given: Namespace) -> int:
    async with _opened() as engine:
        listing = await engine.list_backends({"backend": given.backend})
    _put(listing.text() if given.json else _detail(listing) if listing.backend else _overview(listing))
    return OK


async def _jobs(given: Namespace) -> int:
    from mediasmith.caller import Caller  # noqa: PLC0415 - heavy: see the module's own words

    async with _opened() as engine:
        if not given.job_id:
            recent = cast("JobList", await engine.get_job({}, Caller(wait=0)))
            _put(recent.text() if given.json else _recent(recent))
            return OK
        if given.cancel:
            asked = {"job_id": given.job_id, "cancel": True}
            result = cast("MediaResult", await engine.get_job(asked, Caller(wait=0)))
        else:
            result = await _collected(engine, given.job_id)
        code = _show(result, as_json=given.json)
        engine.answered(result)
    return OK if given.cancel and result.status == "cancelled" else code


async def _doctor(_given: Namespace) -> int:
    from mediasmith.doctor import examine  # noqa: PLC0415 - heavy: see the module's own words

    report = await examine()
    for title, rows in report.sections.items():
        _put(f"{title}\n{_table([('', *row) for row in rows] or [('', 'none')])}\n")
    _put(report.verdict)
    return OK if report.healthy else FAILED


_COMMANDS: Mapping[str, Callable[[Namespace], Awaitable[int]]] = {
    "serve": _serve,
    "generate": _make,
    "edit": _make,
    "backends": _backends,
    "jobs": _jobs,
    "doctor": _doctor,
}


def _show(result: MediaResult, *, as_json: bool) -> int:
    """Print a result; the exit code."""
    running = result.status == "running"
    if as_json:
        _put(result.text())
    elif result.files and not running:
        _put("\n".join(file.path for file in result.files))
    for note in _notes(result):
        _say(note)
    if running:
        return LATER
    return OK if result.files or result.status == "dry_run" else FAILED


def _notes(result: MediaResult) -> Iterator[str]:
    yield from (f"warning: {warning}" for warning in result.warnings)
    yield from (f"{item.status}: {item.prompt}: {item.error}" for item in result.items if item.error)
    match result.status:
        case "running":
            yield f"Still running. Collect it with: mediasmith jobs {result.job_id}"
            return
        case "dry_run":
            yield f"Nothing was sent. {result.backend} {result.model} would make it."
        case "done":
            pass
        case ending:
            yield f"{ending}: {result.error or result.next}"
    if result.files:
        yield f"Made by {result.backend} {result.model}."
    if result.cost:
        usd = "not known" if result.cost.usd is None else f"{result.cost.usd:.4g} USD ({result.cost.basis})"
        yield f"Cost: {usd}."
    if len(result.files) == 1:
        yield f'Change it with: mediasmith edit {result.continuation_id} "what to change"'
    elif result.files:
        yield 'Change one with: mediasmith edit ID "what to change"'
        yield _table([("", file.id, Path(file.path).name) for file in result.files])


def _recent(recent: JobList) -> str:
    if not recent.jobs:
        return "There are no jobs yet."
    rows = [(job.job_id, job.status, job.kind, job.backend, _outcome(job)) for job in recent.jobs]
    return _table([("JOB", "STATUS", "KIND", "BACKEND", "RESULT"), *rows])


def _outcome(job: MediaResult) -> str:
    more = f" and {len(job.files) - 1} more" if len(job.files) > 1 else ""
    return f"{job.files[0].path}{more}" if job.files else " ".join((job.error or job.message).split())


def _overview(listing: BackendList) -> str:
    rows = [
        (offer.backend, offer.kind, "yes" if offer.ready else "no", _some(offer.models), offer.missing)
        for offer in listing.backends
    ]
    table = _table([("BACKEND", "KIND", "READY", "MODELS", "WHAT IS MISSING"), *rows])
    broken = [f"{name} could not be loaded: {reason}" for name, reason in listing.broken.items()]
    return "\n".join([table if rows else "No backend is installed.", *broken, *listing.problems])


def _some(names: Sequence[str]) -> str:
    more = f" +{len(names) - _SHOWN}" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _detail(listing: BackendList) -> str:
    head = f"{listing.title} ({listing.backend})  {listing.docs}".rstrip()
    return "\n\n".join([head, *map(_capability, listing.capabilities)])


def _capability(detail: CapabilityDetail) -> str:
    state = "ready" if detail.ready else f"not ready: {detail.missing}"
    sections: Mapping[str, Iterable[tuple[str, str]]] = {
        "models": [(str(model["id"]), _phrase({**model, "id": None})) for model in detail.models],
        "words": [(name, _accepted(schema)) for name, schema in detail.words.items()],
        "options": [(name, _accepted(schema)) for name, schema in detail.options.items()],
        "inputs": [(role, _phrase(takes)) for role, takes in detail.inputs.items()],
        "choices": [(word, ", ".join(names)) for word, names in detail.choices.items()],
    }
    rows = [("", "" if index else title, *row) for title, rows in sections.items() for index, row in enumerate(rows)]
    return f"{detail.kind} ({detail.name}): {state}\n{_table(rows)}".rstrip()


def _accepted(schema: Any) -> str:
    """What a field takes: "integer 1-10; default 1"."""
    low, high = schema.get("minimum", ""), schema.get("maximum", "")
    values = ", ".join(map(str, schema.get("enum", ()))) or str(schema.get("type", "any JSON"))
    bounds = f" {low}-{high}" if low != "" or high != "" else ""
    default = f"; default {_phrase(schema['default'])}" if "default" in schema else ""
    about = f"; {schema['description']}" if "description" in schema else ""
    return f"{values}{bounds}{default}{about}"


def _phrase(value: object) -> str:
    """Any JSON in a line: "draft yes; prices 0.01 USD per image"."""
    match value:
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return " | ".join(map(_phrase, cast("Sequence[object]", value)))
        case Mapping():
            facts = cast("Mapping[str, object]", value).items()
            return "; ".join(f"{name} {_phrase(fact)}" for name, fact in facts if fact is not None)
        case _:
            return str(value)


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Rows in columns; the last one is as long as it likes."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return "\n".join(lines)


def _put(text: str) -> None:
    # A path leaves as the bytes that it has on the disk, whatever the terminal's encoding.
    sys.stdout.buffer.write(f"{text}\n".encode("utf-8", "surrogateescape"))
    sys.stdout.buffer.flush()


def _say(text: str) -> None:
    """Tell the person at the terminal, in the words of the command line."""
    for tool, command in _COMMAND_OF.items():
        text = text.replace(tool, f"`mediasmith {command}`")
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
