"""Load the settings and the installed backends: all that is shown before the first call. Nothing heavy is imported."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from typing import Any, get_args

from mediasmith.config import registry as installed
from mediasmith.config.configured_models import add_configured_models
from mediasmith.config.credentials import read_access, setting_problems, setting_variables
from mediasmith.config.offers import Offer
from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings, unknown_settings
from mediasmith.config.tool_schemas import ToolSchema, tools
from mediasmith.config.unknown_choices import unknown_choices
from mediasmith.plugin.contract import Access, Backend, Capability
from mediasmith.plugin.errors import MissingKey
from mediasmith.plugin.kinds import Role
from mediasmith.plugin.params import WORDS


@dataclass(frozen=True, kw_only=True)
class Installation:
    """The settings, the environment and the installed backends. `problems` are settings that are not valid."""

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
        """Return the current installation. Settings that are not given are read from `env` or this process."""
        env = os.environ if env is None else env
        given = settings is not None
        settings, problems = (settings, ()) if settings else Settings.load(env)
        registry = installed.load(only=settings.backends) if backends is None else backends
        own = [name for backend in registry.backends.values() for name in setting_variables(backend).values()]
        registry, unread = add_configured_models(registry, env)
        problems = (
            *problems,
            *(() if given else unknown_settings(env, known=own)),
            *(problem for backend in registry.backends.values() for problem in setting_problems(backend, env)),
            *unread,
            *unknown_choices(settings, registry),
        )
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
        """Why a backend, or a `backend.capability`, is not ready, with the fix."""
        found: dict[str, str] = {}
        for backend in self.registry.backends.values():
            found |= self._missing(backend)
        return found

    def _missing(self, backend: Backend[Any]) -> dict[str, str]:
        package = backend.sdk.partition(".")[0]
        if package and find_spec(package) is None:
            return {backend.name: f"the package {package} is not installed; install it"}
        try:
            access = read_access(backend, self.env)
        except MissingKey as error:
            return {backend.name: error.hint.rstrip(".")}
        reasons = {f"{backend.name}.{one.name}": _reason_missing(one, access) for one in backend.capabilities}
        return {name: reason for name, reason in reasons.items() if reason}

    def reason_missing(self, backend: Backend[Any], capability: Capability[Any, Any]) -> str:
        """Return why a capability is not ready, or ""."""
        return self.missing.get(backend.name) or self.missing.get(f"{backend.name}.{capability.name}", "")

    @cached_property
    def editable(self) -> frozenset[str]:
        """The kinds of which a backend that is ready can edit any saved file."""
        return frozenset(
            capability.kind
            for backend in self.registry.backends.values()
            for capability in backend.capabilities
            if capability.edits and not self.reason_missing(backend, capability)
        )

    def offers(self, kind: str = "") -> list[Offer]:
        """Return what can be generated, in a row for each backend and kind."""
        return [
            self._offer(backend, offered)
            for backend in self.registry.backends.values()
            for offered in dict.fromkeys(capability.kind for capability in backend.capabilities)
            if kind in {"", offered}
        ]

    def _offer(self, backend: Backend[Any], kind: str) -> Offer:
        able = [capability for capability in backend.capabilities if capability.kind == kind]
        ready = [capability for capability in able if not self.reason_missing(backend, capability)]
        shown = ready or able
        taken = {word for capability in shown for word in (*capability.params.model_fields, *capability.takes)}
        return Offer(
            backend=backend.name,
            kind=kind,
            ready=bool(ready),
            missing="" if ready else self.reason_missing(backend, able[0]),
            models=tuple(dict.fromkeys(model.id for capability in shown for model in capability.models)),
            takes=tuple(word for word in (*WORDS, *get_args(Role)) if word in taken),
        )


def _reason_missing(capability: Capability[Any, Any], access: Access) -> str:
    try:
        return capability.missing(access)
    except Exception as error:  # noqa: BLE001 - one plug-in's fault must not stop the others
        return f"its own check failed ({type(error).__name__})"
