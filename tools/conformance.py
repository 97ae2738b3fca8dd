"""Run the official MCP conformance suite against the server over HTTP, for both revisions of the protocol.

    uv run python tools/conformance.py

`tools/expected_failures` lists the checks of each revision that do not apply to this server, each with its reason. Any
other failure counts, and so does a listed check that passes. The suite is installed from npm on first use, into a cache
folder; if it cannot be installed, nothing is run, and the reason is printed.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import npm
from headless.client import SERVER

SUITE = "@modelcontextprotocol/conformance@0.2.0-alpha.12"

REVISIONS = ("2025-11-25", "2026-07-28")

EXPECTED_FAILURES = Path(__file__).with_name("expected_failures")

_TIMEOUT = 120  # seconds for each revision


def main() -> int:
    """Run the suite for each revision. Return 1 if a result is not as expected."""
    try:
        suite = [str(npm.NODE), str(npm.package(SUITE) / "dist" / "index.js")]
    except npm.Unavailable as reason:
        print(f"Conformance: skipped. {reason}")
        return 0
    with _serve() as url:
        return max(_check(suite, url, revision) for revision in REVISIONS)


def _check(suite: list[str], url: str, revision: str) -> int:
    """Run the suite for one revision and print the outcome. Return 1 if it is not as expected."""
    expected = EXPECTED_FAILURES / f"{revision}.yml"
    options = ["server", "--url", url, "--requirements", revision, "--expected-failures", str(expected)]
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            [*suite, *options, "--output-dir", folder], capture_output=True, text=True, check=False, timeout=_TIMEOUT
        )
        summary = run.stdout.partition("=== SUMMARY ===")[2]
        if run.returncode == 0 and summary:
            entries = sum(line.lstrip().startswith("- ") for line in expected.read_text(encoding="utf-8").splitlines())
            print(f"Conformance to {revision}: as expected, with {entries} checks that do not apply.")
            return 0
        print(f"Conformance to {revision}: FAILED{summary or run.stdout}{run.stderr}")
        for check, details in _failures(Path(folder), summary.partition("Unexpected failures")[2]):
            print(f"{check}: {details}")
        return 1


def _failures(folder: Path, unexpected: str) -> Iterator[tuple[str, str]]:
    """Yield the failed checks of the scenarios that the text `unexpected` names, and their details."""
    for path in sorted(folder.glob("*/checks.json")):
        scenario = re.sub(r"^server-(.*)-\d{4}-\d\d-\d\dT.*$", r"\1", path.parent.name)
        checks: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        for check in checks:
            if check["status"] in {"FAILURE", "WARNING"} and re.search(rf"\b{scenario}\b", unexpected):
                yield f"{scenario}:{check['id']}", f"{check.get('errorMessage')} {check.get('details', '')}"


@contextmanager
def _serve() -> Generator[str]:
    """Serve on a free port, with an empty home and project folder, until the end of the block. Yields the URL."""
    with tempfile.TemporaryDirectory(prefix="mediasmith-", ignore_cleanup_errors=True) as folder:
        command = [str(SERVER), "serve", "--http", "--port", "0"]
        env = {"HOME": folder, "MEDIASMITH_OUTPUT_DIR": folder}
        with subprocess.Popen(command, cwd=folder, env=env, stderr=subprocess.PIPE, text=True) as process:
            try:
                yield _read_url(process)
            finally:
                process.kill()


def _read_url(process: subprocess.Popen[str]) -> str:
    """Return the URL that the server logs. A thread discards the rest of its log, so that the pipe never fills up."""
    assert process.stderr
    log = ""
    for line in process.stderr:
        log += line
        if url := re.search(r"http://\S+/mcp", line):
            threading.Thread(target=process.stderr.read, daemon=True).start()
            return url.group()
    sys.exit(f"The server did not start: {log}")


if __name__ == "__main__":
    sys.exit(main())
