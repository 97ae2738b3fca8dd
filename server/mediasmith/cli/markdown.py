"""Tables and lists as lines of Markdown and YAML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[str | None]]) -> list[str]:
    """A table with a blank line around it, without the columns in which no row says anything."""
    told = [place for place in range(len(head)) if any(row[place] for row in rows)]
    lines = [[_cell(line[place]) for place in told] for line in (head, ["---"] * len(head), *rows)]
    return ["", *([f"| {' | '.join(line)} |" for line in lines] if rows else ["None."]), ""]


def _cell(text: str | None) -> str:
    return " ".join((text or "").replace("|", r"\|").split())


def items(names: Iterable[str]) -> list[str]:
    """A YAML list of plain words, each once."""
    return [f"  - {name}" for name in dict.fromkeys(names)]


def code(value: object) -> str:
    """A value in the letters of code; a boolean as JSON has it."""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def prose(text: str) -> str:
    """Foreign text, which must not be taken for HTML."""
    return text.replace("<", "&lt;")
