"""The official conformance suite on our server over HTTP, in both eras of the protocol.

    uv run python tools/conformance.py

What a revision requires and we do not have stands in `tests/conformance`, a line and its reason for each check. Any
other failure counts, and so does a line that is no longer true. The suite is installed from npm at the first run, into
a cache folder; where that cannot be, nothing is run, and the reason is said.
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
from driving.client import SERVER

SUITE = "@modelcontextprotocol/conformance@0.2.0-alpha.12"

ERAS = ("2025-11-25", "2026-07-28")
"""The revisions, as the suite names them."""

EXPECTED = Path(__file__).parents[1] / "tests" / "conformance"

_SECONDS = 120


def main() -> int:
    """Run the suite for each era; 1 when something is not as expected."""
    try:
        suite = [str(npm.node()), str(npm.package(SUITE) / "dist" / "index.js")]
    except npm.Unavailable as reason:
        print(f"Conformance: skipped. {reason}")
        return 0
    with _served() as url:
        return max(_conforms(suite, url, era) for era in ERAS)


def _conforms(suite: list[str], url: str, era: str) -> int:
    expected = EXPECTED / f"{era}.yml"
    asked = ["server", "--url", url, "--requirements", era, "--expected-failures", str(expected)]
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            [*suite, *asked, "--output-dir", folder], capture_output=True, text=True, check=False, timeout=_SECONDS
        )
        summary = run.stdout.partition("=== SUMMARY ===")[2]
        if run.returncode == 0 and summary:
            entries = sum(line.lstrip().startswith("- ") for line in expected.read_text(encoding="utf-8").splitlines())
            print(f"Conformance to {era}: as expected, with {entries} checks that do not apply.")
            return 0
        print(f"Conformance to {era}: FAILED{summary or run.stdout}{run.stderr}")
        for name, seen in _failures(Path(folder), summary.partition("Unexpected failures")[2]):
            print(f"{name}: {seen}")
        return 1


def _failures(folder: Path, among: str) -> Iterator[tuple[str, str]]:
    """What was seen by the failed checks of the scenarios that a text names."""
    for path in sorted(folder.glob("*/checks.json")):
        scenario = re.sub(r"^server-(.*)-\d{4}-\d\d-\d\dT.*$", r"\1", path.parent.name)
        checks: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        for check in checks:
            if check["status"] in {"FAILURE", "WARNING"} and re.search(rf"\b{scenario}\b", among):
                yield f"{scenario}:{check['id']}", f"{check.get('errorMessage')} {check.get('details', '')}"


@contextmanager
def _served() -> Generator[str]:
    """A server on a free port of this machine, with a home and a project folder of its own; its URL."""
    with tempfile.TemporaryDirectory(prefix="mediasmith-", ignore_cleanup_errors=True) as folder:
        command = [str(SERVER), "serve", "--http", "--port", "0"]
        env = {"HOME": folder, "MEDIASMITH_OUTPUT_DIR": folder}
        with subprocess.Popen(command, cwd=folder, env=env, stderr=subprocess.PIPE, text=True) as process:
            try:
                yield _url(process)
            finally:
                process.kill()


def _url(process: subprocess.Popen[str]) -> str:
    """The URL that it says it serves at. What it says later is read, so that it is never held up, and dropped."""
    assert process.stderr
    said = ""
    for line in process.stderr:
        said += line
        if found := re.search(r"http://\S+/mcp", line):
            threading.Thread(target=process.stderr.read, daemon=True).start()
            return found.group()
    sys.exit(f"The server did not start: {said}")


if __name__ == "__main__":
    sys.exit(main())
