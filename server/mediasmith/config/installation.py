"""Load the settings and the installed backends: all that is shown before the first call. Nothing heavy is imported."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property
from importlib.util import find_spec
from typing import Any, get_args

from mediasmith.config import registry as installed
from mediasmith.config.base_urls import passwords
from mediasmith.config.caller import HOLDER, LOCAL, Caller, Notify
from mediasmith.config.configured_models import add_configured_models
from mediasmith.config.credentials import (
    key_notes,
    key_problems,
    key_variables,
    read_access,
    read_address,
    setting_problems,
    setting_variables,
)
from mediasmith.config.env_values import clean_key
from mediasmith.config.fleet import fleet_problem, fleet_secrets
from mediasmith.config.offers import Offer
from mediasmith.config.registry import Registry
from mediasmith.config.retired_models import all_retired, describe_retirement, is_retired
from mediasmith.config.settings import Settings, unknown_settings
from mediasmith.config.tool_schemas import Tools
from mediasmith.config.unknown_choices import unknown_choices
from mediasmith.plugin.access import Access
from mediasmith.plugin.contract import Backend, Capability, Takes
from mediasmith.plugin.errors import MediaError, Misconfigured, MissingKey
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
        keys: Mapping[str, str | None] | None = None,
        env: Mapping[str, str] | None = None,
        backends: Registry | None = None,
    ) -> Installation:
        """Return the current installation. Settings that are not given are read from `env` or this process.

        `keys` are added to it, by the names of backends or variables.

        Raises:
            InvalidRequest: no backend has a key of such a name.
        """
        env = os.environ if env is None else env
        given = settings is not None
        settings, problems = (settings, ()) if settings else Settings.load(env)
        registry = installed.load(only=settings.backends) if backends is None else backends
        env = {**env, **key_variables(registry.backends.values(), keys)} if keys else env
        own = [
            name
            for backend in registry.backends.values()
            for name in (*backend.variables, *setting_variables(backend).values())
        ]
        registry, unread = add_configured_models(registry, env)
        problems = (
            *problems,
            *(() if given else unknown_settings(env, known=own)),
            *(problem for backend in registry.backends.values() for problem in key_problems(backend, env)),
            *(problem for backend in registry.backends.values() for problem in setting_problems(backend, env)),
            *unread,
            *unknown_choices(settings, registry),
        )
        return cls(settings=settings, registry=registry, env=env, problems=problems)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every value that must never be shown: keys, the token for HTTP, a fleet's secrets, and passwords in URLs."""
        keys = [self.env.get(key, "") for backend in self.registry.backends.values() for key in backend.keys]
        token = self.settings.http_token
        token_text = token.get_secret_value() if token else ""
        fleet = fleet_secrets(self.settings, self.env)
        return (*keys, *(clean_key(key)[0] for key in keys), token_text, *passwords(self.env), *fleet)

    @property
    def principal(self) -> str:
        """Who calls from this process itself, such as its command line: in a fleet, the holder of its token."""
        settings = self.settings
        return HOLDER if settings.in_fleet and settings.http_token is not None else LOCAL

    def caller(self, *, wait: float = 0, notify: Notify | None = None) -> Caller:
        """Return the caller for a call from this process itself."""
        return Caller(principal=self.principal, wait=wait, notify=notify)

    def fleet_problem(self) -> str:
        """Return why the settings of a fleet cannot be used, or "": then nothing may be done with those of one machine.

        The sentence has no full stop, and none of the values.
        """
        return fleet_problem(self.settings, self.problems)

    def check_fleet(self) -> None:
        """Check that the settings are those of a fleet.

        Raises:
            MediaError: they are those of one machine, or cannot be used.
        """
        problem = self.fleet_problem() or ("" if self.settings.in_fleet else "This is for a fleet")
        if problem:
            raise MediaError(f"{problem}.", "Set MEDIASMITH_DATABASE_URL and MEDIASMITH_STORE_URL: see docs/fleet.md.")

    @property
    def key_notes(self) -> Mapping[str, str]:
        """By variable, as a phrase, what was left out of a key when it was read."""
        notes: dict[str, str] = {}
        for backend in self.registry.backends.values():
            notes |= key_notes(backend, self.env)
        return notes

    @cached_property
    def tools(self) -> Tools:
        """The tools by name. They depend on the installed backends and what these still serve, ready or not."""
        return Tools(self._serving(_today()))

    def _serving(self, day: date) -> Iterator[Backend[Any]]:
        """Yield the backends without what their providers no longer serve."""
        for backend in self.registry.backends.values():
            if served := tuple(one for one in backend.capabilities if not self._reason_ended(backend, one, day)):
                yield replace(backend, capabilities=served)

    def _reason_ended(self, backend: Backend[Any], capability: Capability[Any, Any], day: date) -> str:
        """Return why a capability is no longer served, from the provider or its models' retirement days, or ""."""
        retired = describe_retirement(capability.models) if all_retired(capability, day) else ""
        return self._ended.get(f"{backend.name}.{capability.name}", retired)

    @cached_property
    def _ended(self) -> Mapping[str, str]:
        """The providers' words that a `backend.capability` is no longer served."""
        found: dict[str, str] = {}
        for backend in self.registry.backends.values():
            with suppress(Misconfigured):  # reported as not ready
                access = read_address(backend, self.env)
                found |= {f"{backend.name}.{one.name}": _ask(one.ended, access) for one in backend.capabilities}
        return {name: reason for name, reason in found.items() if reason}

    @cached_property
    def missing(self) -> Mapping[str, str]:
        """Why a backend, or a `backend.capability` for a reason of its own, is not ready, with the fix.

        A capability that its provider has ended is listed whether or not its backend is ready.
        """
        found: dict[str, str] = {}
        for backend in self.registry.backends.values():
            found |= self._missing(backend)
        return {**found, **self._ended}

    def _missing(self, backend: Backend[Any]) -> dict[str, str]:
        package = backend.sdk.partition(".")[0]
        if package and find_spec(package) is None:
            return {backend.name: f"the package {package} is not installed; install it"}
        try:
            access = read_access(backend, self.env)
        except MissingKey as error:
            return {backend.name: error.hint.rstrip(".")}
        except Misconfigured as error:
            return {backend.name: f"{error.message} {error.hint}".rstrip(".")}
        reasons = {one.name: _ask(one.missing, access) or _no_models(one) for one in backend.capabilities}
        whole = next(iter(reasons.values())) if all(reasons.values()) else ""
        own = {f"{backend.name}.{name}": reason for name, reason in reasons.items() if reason != whole}
        return {**({backend.name: whole} if whole else {}), **own}

    def reason_missing(self, backend: Backend[Any], capability: Capability[Any, Any]) -> str:
        """Return why a capability is not ready, or ""."""
        return self.missing.get(f"{backend.name}.{capability.name}") or self.missing.get(backend.name, "")

    def ready(self, backend: Backend[Any], kind: str | None = None) -> tuple[Capability[Any, Any], ...]:
        """Return the capabilities of a backend that are ready, of one kind or of any."""
        able = (one for one in backend.capabilities if kind in {None, one.kind})
        return tuple(one for one in able if not self.reason_missing(backend, one))

    def reason_not_offered(self, backend: Backend[Any], capability: Capability[Any, Any], day: date) -> str:
        """Return why a capability is not ready, or no longer served, or ""."""
        return self._reason_ended(backend, capability, day) or self.reason_missing(backend, capability)

    def can_edit(self, kind: str, mime: str, size: int, day: date) -> bool:
        """Return whether a backend that is ready can edit any saved file of this kind, type and size in bytes."""
        return any(
            takes.max and mime in takes.mimes and size <= takes.max_bytes
            for backend in self._serving(day)
            for capability in backend.capabilities
            if capability.kind == kind and capability.edits and not self.reason_missing(backend, capability)
            for takes in _takes_in_role(capability, capability.edits)
        )

    def offers(self, kind: str = "", day: date | None = None) -> list[Offer]:
        """Return what can be generated on a day (default: today), in a row for each backend and kind."""
        return [
            self._offer(backend, offered, day or _today())
            for backend in self.registry.backends.values()
            for offered in dict.fromkeys(capability.kind for capability in backend.capabilities)
            if kind in {"", offered}
        ]

    def _offer(self, backend: Backend[Any], kind: str, day: date) -> Offer:
        able = [capability for capability in backend.capabilities if capability.kind == kind]
        reasons = {one.name: self.reason_not_offered(backend, one, day) for one in able}
        served = [one for one in able if not self._reason_ended(backend, one, day)]
        ready = [one for one in able if not reasons[one.name]]
        shown = ready or served or able
        taken = {word for capability in shown for word in (*capability.params.model_fields, *capability.takes)}
        models = {model.id: is_retired(model, day) for capability in shown for model in capability.models}
        return Offer(
            backend=backend.name,
            kind=kind,
            ready=bool(ready),
            missing=reasons[shown[0].name],
            models=tuple(model for model, retired in models.items() if not (served and retired)),
            takes=tuple(word for word in (*WORDS, *get_args(Role)) if word in taken),
        )


def _no_models(capability: Capability[Any, Any]) -> str:
    """Return that a capability has no models although these could have been configured, or ""."""
    served = capability.models or capability.discover or capability.lookup
    return "" if served else "none of the models that are set up can make it"


def _today() -> date:
    return datetime.now(UTC).date()


def _takes_in_role(capability: Capability[Any, Any], role: Role) -> Iterator[Takes]:
    """Yield what the capability's models take in a role."""
    for model in capability.models:
        if takes := capability.takes_with(model).get(role):
            yield takes


def _ask(reason: Callable[[Access], str], access: Access) -> str:
    try:
        return reason(access)
    except Exception as error:  # noqa: BLE001 - one plug-in's fault must not stop the others
        return f"its own check failed ({type(error).__name__})"
