"""What is installed and set here: all that a front shows before the first call. Nothing heavy, nothing asked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from typing import Any, get_args

from mediasmith.config import registry as installed
from mediasmith.config.credentials import read_access
from mediasmith.config.offers import Offer
from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings
from mediasmith.config.tool_schemas import ToolSchema, tools
from mediasmith.plugin.contract import Access, Backend, Capability
from mediasmith.plugin.errors import MissingKey
from mediasmith.plugin.kinds import Role
from mediasmith.plugin.params import WORDS


@dataclass(frozen=True, kw_only=True)
class Installation:
    """The settings, the environment and the installed backends. `problems` are settings that could not be used."""

    settings: Settings
    registry: Registry
    env: Mapping[str, str] = field(repr=False)
    problems: tuple[str, ...] = ()

    @classmethod
    def load(
        cls,
        *,
        settings: Settings | None = None,
        env: Mapping[str, str] | None = None,
        backends: Registry | None = None,
    ) -> Installation:
        """What is here now. Settings are read from `env`, by default the process's own, unless they are given."""
        env = os.environ if env is None else env
        settings, problems = Settings.load(env) if settings is None else (settings, ())
        registry = installed.load(only=settings.backends) if backends is None else backends
        return cls(settings=settings, registry=registry, env=env, problems=problems)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every value that must never be shown: the backends' keys, and the token for HTTP."""
        keys = [self.env.get(key, "") for backend in self.registry.backends.values() for key in backend.keys]
        token = self.settings.http_token
        return (*keys, token.get_secret_value() if token else "")

    @cached_property
    def tools(self) -> Mapping[str, ToolSchema]:
        """The tools by name. They depend on the installed backends alone, ready or not."""
        return {tool.name: tool for tool in tools(self.registry.backends.values())}

    @cached_property
    def missing(self) -> Mapping[str, str]:
        """Why each backend, or `backend.capability`, is not ready, with the fix."""
        found: dict[str, str] = {}
        for backend in self.registry.backends.values():
            found |= self._missing(backend)
        return found

    def _missing(self, backend: Backend[Any]) -> dict[str, str]:
        package = backend.sdk.partition(".")[0]
        if package and find_spec(package) is None:
            return {backend.name: f"the package {package} is not installed; install it"}
        try:
            own = read_access(backend, self.env)
        except MissingKey as error:
            return {backend.name: error.hint.rstrip(".")}
        reasons = {f"{backend.name}.{found.name}": _reason(found, own) for found in backend.capabilities}
        return {name: reason for name, reason in reasons.items() if reason}

    def why_not(self, backend: Backend[Any], capability: Capability[Any, Any]) -> str:
        """Why a capability is not ready, or nothing."""
        return self.missing.get(backend.name) or self.missing.get(f"{backend.name}.{capability.name}", "")

    @cached_property
    def editable(self) -> frozenset[str]:
        """The kinds of which any saved file can be edited by some backend that is ready."""
        return frozenset(
            capability.kind
            for backend in self.registry.backends.values()
            for capability in backend.capabilities
            if capability.edits and not self.why_not(backend, capability)
        )

    def offers(self, kind: str = "") -> list[Offer]:
        """What can be made, a row for each backend and kind."""
        return [
            self._offer(backend, made)
            for backend in self.registry.backends.values()
            for made in dict.fromkeys(capability.kind for capability in backend.capabilities)
            if kind in {"", made}
        ]

    def _offer(self, backend: Backend[Any], kind: str) -> Offer:
        """What a backend makes of one kind with those of its capabilities that are ready, or else could be."""
        able = [capability for capability in backend.capabilities if capability.kind == kind]
        ready = [capability for capability in able if not self.why_not(backend, capability)]
        shown = ready or able
        taken = {word for capability in shown for word in (*capability.params.model_fields, *capability.takes)}
        return Offer(
            backend=backend.name,
            kind=kind,
            ready=bool(ready),
            missing="" if ready else self.why_not(backend, able[0]),
            models=tuple(dict.fromkeys(model.id for capability in shown for model in capability.models)),
            takes=tuple(word for word in (*WORDS, *get_args(Role)) if word in taken),
        )


def _reason(capability: Capability[Any, Any], own: Access) -> str:
    try:
        return capability.missing(own)
    except Exception as error:  # noqa: BLE001 - one plug-in's fault must not stop the others
        return f"its own check failed ({type(error).__name__})"
