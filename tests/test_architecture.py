"""The shape of the whole: who may import whom, who may name whom, and what a start may load."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SERVER = ROOT / "server" / "mediasmith"
BACKENDS = ROOT / "backends" / "mediasmith_backends"
SKETCH = ROOT / "backends" / "mediasmith_sketch"
FOR_BACKENDS = {f"mediasmith.{name}" for name in ("audio", "contract", "dialogue", "errors", "media", "params")}
FILES = sorted(SERVER.rglob("*.py"))
PROVIDERS = re.compile(r"\b(openai|google|gemini|xai|grok|openrouter|elevenlabs|sketch)\b", re.IGNORECASE)


def imports(file: Path, *, late: bool = True) -> Iterator[str]:
    """The modules that a file imports, wherever in it; without the `late` ones only what it needs to be loaded."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree) if late else tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module in {"mediasmith", "mediasmith_backends"}:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SERVER)))
def test_nothing_in_the_server_names_a_provider(file: Path) -> None:
    assert not PROVIDERS.findall(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("package", [BACKENDS, SKETCH], ids=lambda package: package.name)
def test_backends_import_the_contract_and_nothing_else_of_the_server(package: Path) -> None:
    seen = {module for file in package.rglob("*.py") for module in imports(file)}
    of_the_server = {module for module in seen if module.split(".")[0] == "mediasmith"}
    assert of_the_server <= FOR_BACKENDS
    assert "mediasmith.contract" in of_the_server


def test_the_sketch_backend_and_the_providers_do_not_know_each_other() -> None:
    for package, other in ((BACKENDS, SKETCH), (SKETCH, BACKENDS)):
        seen = {module.split(".")[0] for file in package.rglob("*.py") for module in imports(file)}
        assert other.name not in seen


def test_no_two_modules_of_the_server_need_each_other() -> None:
    names = {file: ".".join(["mediasmith", *file.relative_to(SERVER).with_suffix("").parts]) for file in FILES}
    modules = {name.removesuffix(".__init__"): set(imports(file, late=False)) for file, name in names.items()}
    TopologicalSorter({name: needs & modules.keys() for name, needs in modules.items()}).prepare()


def has_backend(file: Path) -> bool:
    """Whether a module is a backend: what several of them share has none of its own."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    assigned = [node.target for node in tree.body if isinstance(node, ast.AnnAssign)]
    assigned += [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
    return any(isinstance(target, ast.Name) and target.id == "backend" for target in assigned)


def entry(path: Path) -> Path:
    """The file of a module, or the first one of a package."""
    return path / "__init__.py" if path.is_dir() else path


def own_modules() -> dict[str, Path]:
    """Every module and package beside the backends, by name."""
    found = {path.stem: path for path in BACKENDS.iterdir() if path.suffix == ".py" or entry(path).is_file()}
    return {name: path for name, path in found.items() if name != "__init__"}


def test_every_backend_file_is_registered() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    rows = project["entry-points"]["mediasmith.backends"]
    there = {name for name, path in own_modules().items() if has_backend(entry(path))}
    assert has_backend(entry(SKETCH))
    assert rows == {
        **{name: f"mediasmith_backends.{name}:backend" for name in there},
        "sketch": "mediasmith_sketch:backend",
    }


def test_no_backend_imports_another_one() -> None:
    backends = {name for name, path in own_modules().items() if has_backend(entry(path))}
    for name, path in own_modules().items():
        files = path.rglob("*.py") if path.is_dir() else [path]
        used = {module for file in files for module in imports(file) if module.startswith("mediasmith_backends.")}
        assert not {module.split(".")[1] for module in used} & backends - {name}, name


def test_a_start_loads_neither_pictures_nor_databases_nor_what_only_work_needs() -> None:
    # The SDK loads httpx2 and asyncio by itself, so they say nothing here.
    late = ("PIL", "sqlite3", "filelock", "mediasmith.engine", "mediasmith.jobs", "mediasmith.inputs", "mediasmith.net")
    code = (
        "import sys; from mediasmith.installation import Installation; import mediasmith.serving; "
        f"Installation.load().offers(); print([name for name in {late} if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("words", [[], ["serve"]], ids=["alone", "serve"])
def test_a_server_is_started_without_what_only_commands_need(words: list[str]) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "mediasmith", *words]
    run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    names = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines()}
    assert run.stdout == ""
    assert "mediasmith.serving" in names
    # The SDK loads click by itself, through its HTTP transport.
    heavy = {"rich", "mediasmith.cli.commands", "mediasmith.doctor", "mediasmith.engine", "mediasmith.http.serving"}
    assert not names & heavy


def test_importing_the_package_alone_loads_almost_nothing() -> None:
    code = "import sys, mediasmith; print([name for name in ('mcp', 'pydantic', 'anyio') if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
