"""Real clients with our server, headless, against a stub model on loopback: what does their model get to see?

    uv run python tools/clients.py [claude] [codex] [gemini]

They are installed from npm at the first run, into a cache folder (about 1 GB for all). Nothing else is fetched, no
account is needed, and nothing leaves this machine. Where a client cannot be had, it is skipped, and the reason is said.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import npm
from driving.claude import CLAUDE
from driving.client import Client, Run, driven
from driving.codex import CODEX
from driving.gemini import GEMINI
from driving.talk import CHECKS, Failed, script

CLIENTS: Mapping[str, Client] = {"claude": CLAUDE, "codex": CODEX, "gemini": GEMINI}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table."""

    client: str
    version: str
    check: str
    result: str
    seen: str


def main() -> int:
    """Run them and print the table; 1 when a check failed."""
    names = sys.argv[1:] or list(CLIENTS)
    if not set(names) <= CLIENTS.keys():
        sys.exit(__doc__)
    rows = [row for name in names for row in checked(name, CLIENTS[name])]
    _put(rows)
    return 1 if any(row.result == "FAILED" for row in rows) else 0


def checked(name: str, client: Client) -> Iterator[Row]:
    """Drive a client once; what each check says."""

    def row(check: str, result: str, seen: str) -> Row:
        return Row(client=name, version=client.version, check=check, result=result, seen=" ".join(seen.split()))

    try:
        node, package = npm.node(), npm.package(f"{client.package}@{client.version}")
    except npm.Unavailable as reason:
        yield row("", "skipped", str(reason))
        return
    with driven(client, package, node, script) as run:
        for check in CHECKS:
            yield row(check, *_outcome(check, run))


def _outcome(check: str, run: Run) -> tuple[str, str]:
    try:
        return "ok", CHECKS[check](run)
    except Failed as failed:
        return "FAILED", str(failed)


def _put(rows: list[Row]) -> None:
    lines = [("CLIENT", "VERSION", "CHECK", "RESULT", "WHAT THE MODEL SAW")]
    lines += [(row.client, row.version, row.check, row.result, row.seen) for row in rows]
    widths = [max(map(len, column)) for column in list(zip(*lines, strict=True))[:-1]]
    for line in lines:
        print("  ".join([*map(str.ljust, line, widths), line[-1]]))


if __name__ == "__main__":
    sys.exit(main())
