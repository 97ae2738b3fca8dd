"""Format tables and lists as lines of Markdown and YAML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[str | None]]) -> list[str]:
    """Return a table between blank lines, without columns that are empty in every row."""
    columns = [column for column in range(len(head)) if any(row[column] for row in rows)]
    lines = [[_cell(line[column]) for column in columns] for line in (head, ["---"] * len(head), *rows)]
    return ["", *([f"| {' | '.join(line)} |" for line in lines] if rows else ["None."]), ""]


def _cell(text: str | None) -> str:
    return " ".join((text or "").replace("|", r"\|").split())


def items(names: Iterable[str]) -> list[str]:
    """Return a YAML list of plain words, without duplicates."""
    return [f"  - {name}" for name in dict.fromkeys(names)]


def code(value: object) -> str:
    """Return a value as inline code; a boolean as in JSON."""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def prose(text: str) -> str:
    """Return text so that it is not taken for HTML."""
    return text.replace("<", "&lt;")
