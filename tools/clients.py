"""Run real clients with the server and a stub model on loopback, and check what the model receives.

    uv run python tools/clients.py [claude] [codex] [gemini]

The clients are installed from npm on first use, into a cache folder (about 1 GB for all). They need no account, and
apart from npm nothing leaves this machine. A client that cannot be installed is skipped, with the reason.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import npm
from headless.checks import CHECKS, CheckFailed, same_to_the_model
from headless.claude import CLAUDE
from headless.client import Client, Run, run_client
from headless.codex import CODEX
from headless.conversation import script
from headless.gemini import GEMINI

CLIENTS: Mapping[str, Client] = {"claude": CLAUDE, "codex": CODEX, "gemini": GEMINI}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table."""

    client: str
    version: str
    check: str
    result: str
    details: str


def main() -> int:
    """Run the clients that are named, or all, and print a table. Return 1 if a check failed."""
    names = sys.argv[1:] or list(CLIENTS)
    if not set(names) <= CLIENTS.keys():
        sys.exit(__doc__)
    rows = [row for name in names for row in check_client(name, CLIENTS[name])]
    _print_table(rows)
    return 1 if any(row.result == "FAILED" for row in rows) else 0


def check_client(name: str, client: Client) -> Iterator[Row]:
    """Run a client once and yield the outcome of each check."""

    def row(check: str, result: str, details: str) -> Row:
        return Row(client=name, version=client.version, check=check, result=result, details=" ".join(details.split()))

    try:
        package = npm.package(f"{client.package}@{client.version}")
    except npm.Unavailable as reason:
        yield row("", "skipped", str(reason))
        return
    with (
        run_client(client, package, npm.NODE, script) as run,
        run_client(client, package, npm.NODE, script, view=False) as plain,
    ):
        checks = {**CHECKS, "view": partial(same_to_the_model, plain=plain)}
        for title, check in checks.items():
            yield row(title, *_outcome(check, run))


def _outcome(check: Callable[[Run], str], run: Run) -> tuple[str, str]:
    try:
        return "ok", check(run)
    except CheckFailed as failure:
        return "FAILED", str(failure)


def _print_table(rows: list[Row]) -> None:
    lines = [("CLIENT", "VERSION", "CHECK", "RESULT", "WHAT WAS FOUND")]
    lines += [(row.client, row.version, row.check, row.result, row.details) for row in rows]
    widths = [max(map(len, column)) for column in list(zip(*lines, strict=True))[:-1]]
    for line in lines:
        print("  ".join([*map(str.ljust, line, widths), line[-1]]))


if __name__ == "__main__":
    sys.exit(main())
