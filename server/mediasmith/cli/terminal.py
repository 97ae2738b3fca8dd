"""Write results to standard output, so that they can be piped, and messages to standard error."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

_COMMANDS = {"generate_media": "generate", "continue_edit": "edit", "list_backends": "backends", "get_job": "jobs"}
"""The command that does what each tool does."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Characters that a terminal acts on instead of showing them."""

_STYLES: Mapping[str, str] = {
    **dict.fromkeys(("done", "yes", "ready"), "green"),
    **dict.fromkeys(("running", "partial", "no"), "yellow"),
    **dict.fromkeys(("failed", "unknown"), "red"),
}
"""The colours of words that stand alone in a cell."""


def put(text: str) -> None:
    """Write a result."""
    # A path leaves as the bytes that it has on the disk, whatever the terminal's encoding.
    sys.stdout.buffer.write(f"{text}\n".encode("utf-8", "surrogateescape"))
    sys.stdout.buffer.flush()


def say(text: str) -> None:
    """Write a message."""
    sys.stderr.write(f"{_CONTROL.sub('', in_commands(text))}\n")
    sys.stderr.flush()


def in_commands(text: str) -> str:
    """Return a text that names the tools with the names of the commands."""
    for tool, command in _COMMANDS.items():
        text = text.replace(tool, f"`mediasmith {command}`")
    return text


def line(text: str) -> str:
    """Return any text as one line."""
    return " ".join(_CONTROL.sub("", text).split())


def is_terminal(stream: TextIO) -> bool:
    """Return whether a person sees the stream on a terminal that can move its cursor."""
    return stream.isatty() and os.environ.get("TERM", "") not in {"dumb", "unknown"}


def table(rows: Sequence[Sequence[str]], head: Sequence[str] = (), *, wrapped: bool = True) -> str:
    """Return rows for standard output: fitted to the width of a terminal, else one line each.

    Where they are not `wrapped`, a terminal cuts what does not fit.
    """
    cells = [[line(cell) for cell in row] for row in rows]
    if is_terminal(sys.stdout):
        return _drawn(cells, head, wrapped=wrapped)
    return aligned([head, *cells] if head else cells)


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Return rows in columns; the last column is not padded."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return "\n".join(lines)


def _drawn(rows: Sequence[Sequence[str]], head: Sequence[str], *, wrapped: bool) -> str:
    from rich.console import Console, detect_legacy_windows  # noqa: PLC0415 - heavy: only needed at a terminal
    from rich.table import Table  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    drawn = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=bool(head), header_style="bold")
    for title in head or rows[0]:
        drawn.add_column(title if head else "", overflow="fold" if wrapped else "ellipsis", no_wrap=not wrapped)
    for row in rows:
        drawn.add_row(*(Text(cell, _STYLES.get(cell, "")) for cell in row))
    console = Console(color_system=None if detect_legacy_windows() else "auto")
    with console.capture() as captured:
        console.print(drawn)
    return "\n".join(text.rstrip() for text in captured.get().rstrip("\n").split("\n"))
