"""Add the models that follow from the user's settings and files, read once at start, in parallel, within a second."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from threading import Thread
from typing import Any

from mediasmith.config.credentials import read_access
from mediasmith.config.registry import Registry
from mediasmith.plugin.contract import Backend, ConfiguredModels
from mediasmith.plugin.errors import Misconfigured, MissingKey

_SECONDS = 1.0
"""Seconds that all backends together may take."""


def add_configured_models(registry: Registry, env: Mapping[str, str]) -> tuple[Registry, tuple[str, ...]]:
    """Return the registry with the models from each backend's `models`, and a sentence for each problem.

    They come before the declared models. A backend that fails or takes too long lacks only these models.
    """
    configured = [backend for backend in registry.backends.values() if backend.models]
    if not configured:
        return registry, ()
    found: dict[str, ConfiguredModels | str] = {}
    threads = [Thread(target=_read, args=(backend, env, found), daemon=True) for backend in configured]
    for thread in threads:
        thread.start()
    ends = time.monotonic() + _SECONDS
    for thread in threads:
        thread.join(max(0.0, ends - time.monotonic()))
    backends = dict(registry.backends)
    problems: list[str] = []
    for backend in configured:
        given = found.get(backend.name, f"its models could not be read within {_SECONDS:g} s")
        if isinstance(given, str):
            problems.append(f"{backend.name}: {given}")
            continue
        problems += [f"{backend.name}: {problem}" for problem in given.problems]
        unknown = given.models.keys() - {capability.name for capability in backend.capabilities}
        problems += [f"{backend.name}: it has models for an unknown capability, {name}" for name in sorted(unknown)]
        backends[backend.name] = _with_models(backend, given)
    return replace(registry, backends=backends), tuple(problems)


def _read(backend: Backend[Any], env: Mapping[str, str], found: dict[str, ConfiguredModels | str]) -> None:
    none = ConfiguredModels(models={})
    try:
        found[backend.name] = backend.models(read_access(backend, env)) if backend.models else none
    except (Misconfigured, MissingKey):
        found[backend.name] = none  # reported as not ready
    except Exception as error:  # noqa: BLE001 - a plug-in may raise anything, and the text may contain a key
        found[backend.name] = f"its models could not be read ({type(error).__name__})"


def _with_models(backend: Backend[Any], given: ConfiguredModels) -> Backend[Any]:
    return replace(
        backend,
        capabilities=tuple(
            replace(capability, models=(*given.models.get(capability.name, ()), *capability.models))
            for capability in backend.capabilities
        ),
    )
