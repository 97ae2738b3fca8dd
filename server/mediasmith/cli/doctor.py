"""What is set, what is ready and what to fix. It sends nothing, spends nothing, and never shows a key's value."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TypeAlias, cast
from urllib.parse import urlsplit

from anyio import to_thread
from pydantic import SecretStr

from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.config.caller import LOCAL
from mediasmith.config.credentials import base_url_variable
from mediasmith.config.installation import Installation
from mediasmith.config.settings import Settings, unexpanded, variable
from mediasmith.plugin.errors import MediaError
from mediasmith.runtime.redaction import Redactor
from mediasmith.storage.artifacts.destination import MIN_FREE_BYTES
from mediasmith.storage.artifacts.folder import reason
from mediasmith.storage.library.store import Library

Rows: TypeAlias = "list[tuple[str, ...]]"
"""A table: every row has as many cells."""


@dataclass(kw_only=True)
class Report:
    """What was found. `ready` are the backends that can make something now, `problems` what has to be fixed."""

    sections: dict[str, Rows] = field(default_factory=dict[str, Rows])
    ready: list[str] = field(default_factory=list[str])
    problems: list[str] = field(default_factory=list[str])

    @property
    def healthy(self) -> bool:
        """Whether something can be made and nothing has to be fixed."""
        return bool(self.ready) and not self.problems

    @property
    def verdict(self) -> str:
        """How it stands, in a sentence."""
        ready = f"Ready: {', '.join(self.ready)}." if self.ready else "Nothing is ready, see Backends."
        count = len(self.problems)
        return f"{ready} {f'{count} to fix, see Problems.' if count else 'No problems.'}"


async def examine(env: Mapping[str, str] | None = None) -> Report:
    """Look at everything that an environment (by default the process's own) leads to. It raises nothing."""
    env = os.environ if env is None else env
    installation = Installation.load(env=env)
    found = Report(problems=list(installation.problems))
    found.sections["Versions"] = _versions()
    found.sections["Backends"] = _backends(installation, found)
    found.sections["Keys and addresses"] = _variables(installation)
    found.sections["Settings"] = _settings(installation.settings)
    found.sections["Folders"] = await to_thread.run_sync(_folders, installation.settings, found)
    found.sections["Library"] = await _library(installation.settings, found)
    found.sections["Problems"] = [(problem,) for problem in found.problems]
    return _redacted(found, installation)


def _versions() -> Rows:
    return [
        ("mediasmith", _version("mediasmith")),
        ("mcp", _version("mcp")),
        ("Python", f"{platform.python_version()} on {platform.system()}"),
    ]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _backends(installation: Installation, found: Report) -> Rows:
    offers = installation.offers()
    found.ready += dict.fromkeys(offer.backend for offer in offers if offer.ready)
    found.problems += [f"{name} is not loaded: {why}" for name, why in installation.registry.broken.items()]
    found.problems += _unknown_defaults(installation)
    kinds: dict[tuple[str, str], list[str]] = {}
    for offer in offers:
        state = "ready" if offer.ready else f"not ready: {offer.missing}"
        kinds.setdefault((offer.backend, state), []).append(offer.kind)
    return [(backend, ", ".join(alike), state) for (backend, state), alike in kinds.items()]


def _unknown_defaults(installation: Installation) -> list[str]:
    settings, find = installation.settings, installation.registry.find
    wanted = [(variable("defaults"), choice.partition(":")[0]) for choice in settings.defaults.values()]
    wanted += [(variable("order"), name) for name in settings.order]
    return [f"{setting} names {name}, which is not among the backends" for setting, name in wanted if not find(name)]


def _variables(installation: Installation) -> Rows:
    rows: Rows = []
    for backend in installation.registry.backends.values():
        rows += [(backend.name, name, _state(installation.env.get(name, ""))) for name in backend.variables]
        address = base_url_variable(backend.name)
        if url := installation.env.get(address, ""):
            rows.append((backend.name, address, f"{_state(url)}: {_host(url)}"))
    return rows


def _state(value: str) -> str:
    if not value.strip():
        return "not set"
    return "still reads ${...}: the client did not fill it in" if unexpanded(value) else "set"


def _host(url: str) -> str:
    """The host alone: an address may hold a user name and a password."""
    try:
        return urlsplit(url if "//" in url else f"//{url}").hostname or "no host"
    except ValueError:
        return "not an address"


def _settings(settings: Settings) -> Rows:
    plain = Settings()
    rows: Rows = []
    for name, declared in Settings.model_fields.items():
        value = getattr(settings, name)
        default = " (default)" if value == getattr(plain, name) else ""
        rows.append(
            (variable(name), f"{_shown(value)}{default}" if _says(value) else "not set", declared.description or "")
        )
    return rows


def _says(value: object) -> bool:
    return value is not None and value not in ((), {})


def _shown(value: object) -> str:
    match value:
        case bool():
            return str(int(value))
        case SecretStr():
            return "set"
        case tuple():
            return ", ".join(map(str, cast("tuple[object, ...]", value)))
        case Mapping():
            return ", ".join(f"{key}: {entry}" for key, entry in cast("Mapping[str, str]", value).items())
        case _:
            return str(value)


def _folders(settings: Settings, found: Report) -> Rows:
    roots = AllowedFolders.find(settings)
    rows = [("new files go to", str(roots.output), _writing(roots.output, found))]
    rows.append(("records are in", str(settings.data_dir), _writing(settings.data_dir, found)))
    rows += [("files may be in", str(folder), "") for folder in roots.allowed if folder != roots.output]
    return rows


def _writing(folder: Path, found: Report) -> str:
    """Whether files can be made there, tried with one that has no name. A folder that is not there yet is not made."""
    there = next((place for place in (folder, *folder.parents) if os.path.lexists(place)), folder)
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
        free = shutil.disk_usage(there).free
    except OSError as error:
        found.problems.append(f"No file can be made in {folder}: {reason(error)}; choose another folder, or allow it")
        return "cannot be written to"
    if free < MIN_FREE_BYTES:
        needed = MIN_FREE_BYTES // 1_000_000
        found.problems.append(f"Only {free // 1_000_000} MB are free in {folder}; {needed} MB are needed")
        return "too little space"
    return "can be written to" if there == folder else "can be written to; made with the first file"


async def _library(settings: Settings, found: Report) -> Rows:
    path = settings.data_dir / "library.sqlite3"
    try:
        async with Library.open(path) as library:
            jobs = await library.recent(LOCAL, 1)
    except MediaError as error:
        found.problems.append(str(error))
        return [(str(path), "cannot be used, see Problems")]
    return [(str(path), "can be read" if jobs else "empty, or not there yet")]


def _redacted(found: Report, installation: Installation) -> Report:
    """The same without any secret's value, wherever it may have got in."""
    clean = Redactor(installation.secrets).text
    sections = {title: [tuple(map(clean, row)) for row in rows] for title, rows in found.sections.items()}
    return Report(sections=sections, ready=found.ready, problems=list(map(clean, found.problems)))
