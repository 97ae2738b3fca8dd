"""The shape of the whole: which room imports which, what a start may load, and how large a module may be."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SERVER = ROOT / "server" / "mediasmith"
BACKENDS = ROOT / "backends"
FILES = sorted(SERVER.rglob("*.py"))
OWN = sorted([*FILES, *BACKENDS.rglob("*.py")])
PROVIDERS = re.compile(
    r"\b(openai|google|gemini|xai|grok|openrouter|elevenlabs|sketch|comfyui|fal|replicate)\b", re.IGNORECASE
)
MAX_LINES = 350

ROOMS = ("plugin", "config", "runtime", "storage", "selection", "jobs", "engine", "mcp", "gallery", "cli")
"""From the bottom to the top: a room may import those before it."""

ABOVE_ENGINE = {"api", "testing"}
"""What stands on the engine, beside the front ends."""


def imports(file: Path, *, late: bool = True) -> Iterator[str]:
    """Yield the modules that a file imports, wherever in it; without the `late` ones only what loading it needs."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree) if late else tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            whole = (Path(*node.module.split(".")) / f"{alias.name}.py" for alias in node.names)
            parts = [path for path in whole if (SERVER.parent / path).exists() or (BACKENDS / path).exists()]
            yield from (".".join(path.with_suffix("").parts) for path in parts)
            if len(parts) < len(node.names):
                yield node.module


def room_of(module: str) -> str:
    """Return the room of one of the server's modules."""
    return module.split(".")[1] if "." in module else "root"


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_rooms_below_it(room: str) -> None:
    allowed = {*ROOMS[: ROOMS.index(room) + 1]}
    for file in (SERVER / room).rglob("*.py"):
        used = {room_of(module) for module in imports(file) if module.startswith("mediasmith.")}
        assert used <= allowed, f"{file.relative_to(SERVER)} imports {used - allowed}"


def test_the_library_face_and_the_contract_suite_stand_on_the_engine() -> None:
    allowed = {*ROOMS[: ROOMS.index("engine") + 1], *ABOVE_ENGINE}
    for file in [SERVER / "api.py", *(SERVER / "testing").rglob("*.py")]:
        used = {room_of(module) for module in imports(file) if module.startswith("mediasmith.")}
        assert used <= allowed, f"{file.relative_to(SERVER)} imports {used - allowed}"


def test_backends_import_the_plugin_room_and_nothing_else_of_the_server() -> None:
    for file in BACKENDS.rglob("*.py"):
        used = {module for module in imports(file) if module.split(".")[0] == "mediasmith"}
        assert {room_of(module) for module in used} <= {"plugin"}, file.relative_to(BACKENDS)


def test_no_two_modules_of_the_server_need_each_other() -> None:
    names = {file: ".".join(["mediasmith", *file.relative_to(SERVER).with_suffix("").parts]) for file in FILES}
    modules = {name.removesuffix(".__init__"): set(imports(file, late=False)) for file, name in names.items()}
    TopologicalSorter({name: needs & modules.keys() for name, needs in modules.items()}).prepare()


def test_nothing_in_the_server_names_a_provider() -> None:
    named = {str(file.relative_to(SERVER)): PROVIDERS.findall(file.read_text(encoding="utf-8")) for file in FILES}
    assert not {file: names for file, names in named.items() if names}


def test_every_room_says_what_may_be_in_it_and_loads_nothing() -> None:
    for file in SERVER.rglob("__init__.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        assert ast.get_docstring(tree), file.relative_to(SERVER)
        if file.parent.name not in {"mediasmith", "cli", "testing"}:  # these three are doors
            assert len(tree.body) == 1, f"{file.relative_to(SERVER)} holds more than its docstring"


def test_no_module_name_occurs_in_two_packages_of_the_server() -> None:
    names = Counter(file.stem for file in FILES if file.stem not in {"__init__", "__main__"})
    assert not [name for name, count in names.items() if count > 1]


def test_no_module_is_longer_than_one_sitting() -> None:
    long = {str(file.relative_to(ROOT)): file.read_text(encoding="utf-8").count("\n") for file in OWN}
    assert not {name: lines for name, lines in long.items() if lines > MAX_LINES}


def backend_packages() -> dict[str, Path]:
    """Return every module or package below backends/ that has a backend, by the name of its import."""
    files = [*BACKENDS.glob("*/*.py"), *BACKENDS.glob("*/*/__init__.py")]
    places = [file.parent if file.stem == "__init__" else file for file in files if defines_backend(file)]
    return {".".join(place.relative_to(BACKENDS).with_suffix("").parts): place for place in places}


def defines_backend(file: Path) -> bool:
    """Return whether a module assigns `backend`; what several backends share does not."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    assigned = [node.target for node in tree.body if isinstance(node, ast.AnnAssign)]
    assigned += [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
    return any(isinstance(target, ast.Name) and target.id == "backend" for target in assigned)


def test_every_backend_is_registered() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    rows = project["entry-points"]["mediasmith.backends"]
    assert {f"{module}:backend" for module in backend_packages()} == set(rows.values())


def test_no_backend_imports_another_one() -> None:
    backends = backend_packages()
    for name, place in backends.items():
        files = place.rglob("*.py") if place.is_dir() else [place]
        used = {module for file in files for module in imports(file)}
        others = [other for other in backends if other != name]
        assert not [module for module in used if module.startswith(tuple(f"{other}." for other in others))], name


def test_every_backend_has_a_test_of_the_contract() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for name in project["entry-points"]["mediasmith.backends"]:
        places = [ROOT / "tests" / "backends" / name, ROOT / "tests" / name]
        assert any(list(place.glob("test_contract*.py")) for place in places), name


def test_work_on_one_machine_loads_nothing_of_a_fleet() -> None:
    fleet = ("obstore", "psycopg")
    code = f"import sys, mediasmith.engine.assembly; print([name for name in {fleet} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@dataclass(frozen=True)
class Starts:
    """The modules that a server imports when it is started for the first time, and again."""

    first: set[str]
    again: set[str]
    again_as_serve: set[str]


@pytest.fixture(scope="module")
def starts(tmp_path_factory: pytest.TempPathFactory) -> Starts:
    folder = tmp_path_factory.mktemp("starts")
    return Starts(imported_at_start(folder), imported_at_start(folder), imported_at_start(folder, "serve"))


def imported_at_start(folder: Path, *words: str) -> set[str]:
    """Start the server with its data in this folder, and return the modules that it imports."""
    run = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "mediasmith", *words],
        env={**os.environ, "MEDIASMITH_DATA_DIR": str(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == ""
    return {line.rpartition("|")[2].strip() for line in run.stderr.splitlines()}


def test_a_server_is_started_without_what_only_commands_need(starts: Starts) -> None:
    # The SDK loads click by itself, through its HTTP transport.
    heavy = {"rich", "mediasmith.cli.commands", "mediasmith.cli.doctor", "mediasmith.engine.assembly"}
    for names in (starts.first, starts.again, starts.again_as_serve):
        assert "mediasmith.mcp.stdio" in names
        assert not names & {*heavy, "mediasmith.mcp.http.listener"}


def test_a_start_loads_neither_pictures_nor_databases_nor_what_only_work_needs(starts: Starts) -> None:
    # The SDK loads httpx2 and asyncio by itself, so they say nothing here.
    late = {"PIL", "sqlite3", "filelock", "mediasmith.engine.assembly", "mediasmith.jobs", "mediasmith.storage.inputs"}
    assert not starts.first & late


def test_a_server_is_started_again_without_its_backends(starts: Starts) -> None:
    packages = tuple(backend_packages())
    assert any(name.startswith(packages) for name in starts.first)
    assert not any(name.startswith(packages) for name in starts.again)


def test_importing_the_package_alone_loads_almost_nothing() -> None:
    code = "import sys, mediasmith; print([name for name in ('mcp', 'pydantic', 'anyio') if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
