"""The shape of the whole: who may import whom, who may name whom, and what a start may load."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SERVER = ROOT / "server" / "mediasmith"
BACKENDS = ROOT / "backends" / "mediasmith_backends"
FOR_BACKENDS = {"mediasmith.contract", "mediasmith.errors", "mediasmith.media", "mediasmith.params"}
PROVIDERS = re.compile(r"\b(openai|google|gemini|xai|grok|openrouter|elevenlabs|sketch)\b", re.IGNORECASE)


def imports(file: Path) -> Iterator[str]:
    """The modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "mediasmith":
            yield from (f"mediasmith.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("file", sorted(SERVER.rglob("*.py")), ids=lambda file: str(file.relative_to(SERVER)))
def test_nothing_in_the_server_names_a_provider(file: Path) -> None:
    assert not PROVIDERS.findall(file.read_text(encoding="utf-8"))


def test_backends_import_the_contract_and_nothing_else_of_the_server() -> None:
    seen = {
        module for file in BACKENDS.rglob("*.py") for module in imports(file) if module.split(".")[0] == "mediasmith"
    }
    assert seen <= FOR_BACKENDS
    assert "mediasmith.contract" in seen


def test_every_backend_file_is_registered() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    rows = project["entry-points"]["mediasmith.backends"]
    there = {path.stem for path in BACKENDS.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert rows == {name: f"mediasmith_backends.{name}:backend" for name in there - {"__init__"}}


def test_a_start_loads_neither_pictures_nor_databases_nor_what_only_work_needs() -> None:
    # The SDK loads httpx2 and asyncio by itself, so they say nothing here.
    late = ("PIL", "sqlite3", "filelock", "mediasmith.engine", "mediasmith.jobs", "mediasmith.inputs", "mediasmith.net")
    code = (
        "import sys; from mediasmith.installation import Installation; import mediasmith.serving; "
        f"Installation.load().offers(); print([name for name in {late} if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_importing_the_package_alone_loads_almost_nothing() -> None:
    code = "import sys, mediasmith; print([name for name in ('mcp', 'pydantic', 'anyio') if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
