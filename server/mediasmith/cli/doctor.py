"""Examine the installation: what is set, what is ready, what to fix. Nothing is spent, and no key is shown."""

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

from mediasmith.cli.fleet_checks import check_fleet
from mediasmith.cli.provider_checks import ask_providers
from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.config.base_urls import base_url_variable
from mediasmith.config.caller import LOCAL
from mediasmith.config.credentials import read_access, setting_variables
from mediasmith.config.installation import Installation
from mediasmith.config.settings import Settings, unexpanded, unreplaced, variable
from mediasmith.plugin.errors import MediaError, Misconfigured
from mediasmith.runtime.certificates import named_place, read_certificates
from mediasmith.runtime.network import SystemNetwork
from mediasmith.runtime.proxies import read_proxies
from mediasmith.runtime.redaction import Redactor
from mediasmith.storage.artifacts.folder import reason
from mediasmith.storage.artifacts.temporary_files import MIN_FREE_BYTES
from mediasmith.storage.library.store import Library

Rows: TypeAlias = "list[tuple[str, ...]]"
"""The rows of a table, all of the same length."""


@dataclass(kw_only=True)
class Report:
    """The findings: tables by title, the backends that are `ready`, and the `problems` to fix."""

    sections: dict[str, Rows] = field(default_factory=dict[str, Rows])
    ready: list[str] = field(default_factory=list[str])
    problems: list[str] = field(default_factory=list[str])

    @property
    def healthy(self) -> bool:
        """Whether a backend is ready and there are no problems."""
        return bool(self.ready) and not self.problems

    @property
    def verdict(self) -> str:
        """A summary in one line."""
        ready = f"Ready: {', '.join(self.ready)}." if self.ready else "No backend is ready: see Backends."
        count = len(self.problems)
        return f"{ready} {f'{count} to fix: see Problems.' if count else 'No problems.'}"


async def examine(env: Mapping[str, str] | None = None, *, check: bool = False) -> Report:
    """Return a report on the installation as `env` (default: this process's environment) configures it. Never raise.

    Nothing is sent, unless `check`: then each provider that is signed in is asked something free.
    """
    env = os.environ if env is None else env
    installation = Installation.load(env=env)
    report = Report(problems=list(installation.problems))
    report.sections["Versions"] = _versions()
    report.sections["Backends"] = _backends(installation, report)
    report.sections["Keys and addresses"] = _variables(installation)
    report.sections["Network"] = await to_thread.run_sync(_network, env, report)
    await to_thread.run_sync(_check_networks, installation, report)
    if check:
        report.sections["Providers"] = await _providers(installation, report)
    report.sections["Settings"] = _settings(installation.settings)
    report.sections["Folders"] = await to_thread.run_sync(_folders, installation.settings, report)
    if problem := installation.fleet_problem():
        report.problems += [] if any(known in problem for known in report.problems) else [problem]
    elif installation.settings.in_fleet:
        report.sections["Fleet"] = await _fleet(installation, report)
    else:
        report.sections["Library"] = await _library(installation.settings, report)
    report.sections["Problems"] = [(problem,) for problem in report.problems]
    return _redacted(report, installation)


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


def _backends(installation: Installation, report: Report) -> Rows:
    offers = installation.offers()
    report.ready += dict.fromkeys(offer.backend for offer in offers if offer.ready)
    report.problems += [f"{name} could not be loaded: {why}" for name, why in installation.registry.broken.items()]
    kinds: dict[tuple[str, str], list[str]] = {}
    for offer in offers:
        state = "ready" if offer.ready else f"not ready: {offer.missing}"
        kinds.setdefault((offer.backend, state), []).append(offer.kind)
    return [(backend, ", ".join(names), state) for (backend, state), names in kinds.items()]


def _network(env: Mapping[str, str], report: Report) -> Rows:
    """Return the proxies and the certificates; blocking."""
    rows: Rows = []
    proxies = read_proxies(env)
    for proxy in proxies.named.values():
        try:
            _ = proxy.url
            rows.append((proxy.variable, proxy.address))
        except Misconfigured as error:
            report.problems.append(_sentences(error))
            rows.append((proxy.variable, "cannot be used: see Problems"))
    if proxies.exempt:
        rows.append((proxies.exempt_variable, proxies.exempt))
    variable, place = named_place(env)
    try:
        if variable:
            read_certificates(env)
    except Misconfigured as error:
        report.problems.append(_sentences(error))
        place = "cannot be used: see Problems"
    return [*rows, (variable or "certificates", place or "those of the system")]


def _check_networks(installation: Installation, report: Report) -> None:
    """Report backends that are signed in and that the user's proxies cannot lead to; blocking."""
    for backend in installation.registry.backends.values():
        try:
            if backend.name not in installation.missing:
                backend.check_network(read_access(backend, installation.env, SystemNetwork(installation.env)))
        except Exception as error:  # noqa: BLE001 - whatever a plug-in raises is a finding
            problem = _sentences(error) if isinstance(error, MediaError) else f"cannot be checked: {error!r}"
            report.problems += [f"{backend.name}: {problem}"] if problem not in report.problems else []


async def _providers(installation: Installation, report: Report) -> Rows:
    rows: Rows = []
    for backend, answer in (await ask_providers(installation)).items():
        if isinstance(answer, MediaError):
            problem = f"{backend}: {_sentences(answer)}"
            report.problems += [problem] if problem not in report.problems else []
        rows.append((backend, answer.message if isinstance(answer, MediaError) else answer))
    return rows


async def _fleet(installation: Installation, report: Report) -> Rows:
    rows: Rows = []
    for part, answer in (await check_fleet(installation)).items():
        if isinstance(answer, MediaError):
            report.problems.append(_sentences(answer))
        rows.append((part, "cannot be used: see Problems" if isinstance(answer, MediaError) else answer))
    return rows


def _sentences(error: MediaError) -> str:
    return f"{error.message} {error.hint}".strip().removesuffix(".")


def _variables(installation: Installation) -> Rows:
    """Return the keys and other variables of the backends; base URLs and settings only where they are set."""
    rows: Rows = []
    env = installation.env
    notes = {name: f"; {note}" for name, note in installation.key_notes.items()}
    for backend in installation.registry.backends.values():
        if backend.key_optional:
            notes |= {name: "; optional" for name in backend.keys if not env.get(name, "").strip()}
        for name in (one for one in backend.variables if one not in backend.base_urls):
            rows.append((backend.name, name, _state(env.get(name, "")) + notes.get(name, "")))
        for name in (*backend.base_urls, own := base_url_variable(backend.name)):
            if url := env.get(name, ""):
                rows.append((backend.name, name, f"{_state(url)}: {_address(url)}"))
            elif backend.local_url and name == own:
                rows.append((backend.name, name, f"not set: {_address(backend.local_url)}"))
        for name in setting_variables(backend).values():
            if value := env.get(name, "").strip():
                rows.append((backend.name, name, f"{_state(value)}: {value}"))
    return rows


def _state(value: str) -> str:
    if not value.strip():
        return "not set"
    return unreplaced(value) if unexpanded(value) else "set"


def _address(url: str) -> str:
    """Return the host and port only: a URL may contain a user name and a password."""
    try:
        parts = urlsplit(url if "//" in url else f"//{url}")
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        return "not a URL"
    return f"{parts.hostname}{port}" if parts.hostname else "no host"


def _settings(settings: Settings) -> Rows:
    plain = Settings()
    rows: Rows = []
    for name, declared in Settings.model_fields.items():
        value = getattr(settings, name)
        default = " (default)" if value == getattr(plain, name) else ""
        rows.append(
            (variable(name), f"{_format(value)}{default}" if _is_set(value) else "not set", declared.description or "")
        )
    return rows


def _is_set(value: object) -> bool:
    return value is not None and value not in ((), {})


def _format(value: object) -> str:
    match value:
        case bool():
            return str(int(value))
        case SecretStr():
            return "set"
        case tuple():
            return ", ".join(map(_format, cast("tuple[object, ...]", value)))
        case Mapping():
            return ", ".join(f"{key}: {entry}" for key, entry in cast("Mapping[str, str]", value).items())
        case _:
            return str(value)


def _folders(settings: Settings, report: Report) -> Rows:
    folders = AllowedFolders.find(settings)
    rows = [("output", str(folders.output), _check_writable(folders.output, report))]
    rows.append(("data", str(settings.data_dir), _check_writable(settings.data_dir, report)))
    rows += [("allowed", str(folder), "") for folder in folders.allowed if folder != folders.output]
    return rows


def _check_writable(folder: Path, report: Report) -> str:
    """Return whether files can be created in a folder. It is tried with a file without a name; no folder is created."""
    existing = next((place for place in (folder, *folder.parents) if os.path.lexists(place)), folder)
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
        free = shutil.disk_usage(existing).free
    except OSError as error:
        report.problems.append(
            f"Files cannot be created in {folder}: {reason(error)}. Choose another folder, or change its permissions"
        )
        return "not writable"
    if free < MIN_FREE_BYTES:
        needed = MIN_FREE_BYTES // 1_000_000
        report.problems.append(f"Only {free // 1_000_000} MB are free in {folder}; at least {needed} MB are needed")
        return "too little space"
    return "writable" if existing == folder else "writable; will be created with the first file"


async def _library(settings: Settings, report: Report) -> Rows:
    path = settings.data_dir / "library.sqlite3"
    try:
        async with Library.open(path) as library:
            jobs = await library.recent(LOCAL, 1)
    except MediaError as error:
        report.problems.append(str(error))
        return [(str(path), "cannot be used: see Problems")]
    return [(str(path), "readable" if jobs else "empty, or not created yet")]


def _redacted(report: Report, installation: Installation) -> Report:
    """Return the report with every secret replaced, wherever it may have got in."""
    clean = Redactor(installation.secrets).text
    sections = {title: [tuple(map(clean, row)) for row in rows] for title, rows in report.sections.items()}
    return Report(sections=sections, ready=report.ready, problems=list(map(clean, report.problems)))
