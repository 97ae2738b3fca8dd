"""What can be made here, by whom, and what is missing for the rest: the answer of list_backends."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import anyio
from pydantic import JsonValue

from mediasmith.arguments import closest
from mediasmith.clients import Clients
from mediasmith.contract import Accepts, Backend, Capability, Model, Range, Takes
from mediasmith.errors import InvalidRequest
from mediasmith.installation import Installation
from mediasmith.params import WORDS
from mediasmith.redact import Redactor
from mediasmith.results import BackendList, CapabilityDetail
from mediasmith.schema import field_schemas

_log = logging.getLogger(__name__)

_LIVE_SECONDS = 10.0
"""How long a provider may take to list its voices or models."""


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """The installed backends, for callers to read."""

    installation: Installation
    clients: Clients
    redact: Redactor

    async def listing(self, *, kind: str = "", backend: str = "") -> BackendList:
        """The table of everything, of one kind, or one backend in full.

        Raises:
            InvalidRequest: there is no such backend.
        """
        if not backend:
            offers = tuple(self.installation.offers(kind))
            return BackendList(
                backends=offers, broken=self.installation.registry.broken, problems=self.installation.problems
            )
        found = self.installation.registry.find(backend)
        if found is None:
            known = closest(backend[:40], list(self.installation.registry.backends))
            raise InvalidRequest(f"There is no backend {backend[:40]!r}. {known}", billed="no")
        wanted = [capability for capability in found.capabilities if kind in {"", capability.kind}]
        details = tuple([await self._detail(found, capability) for capability in wanted])
        return BackendList(backend=found.name, title=found.title, docs=found.docs, capabilities=details)

    async def _detail(self, backend: Backend[Any], capability: Capability[Any, Any]) -> CapabilityDetail:
        reason = self.installation.why_not(backend, capability)
        fields: Mapping[str, JsonValue] = {**field_schemas(capability.params)}
        models = list(capability.models)
        choices: dict[str, tuple[str, ...]] = {}
        if not reason:
            choices = await self._choices(backend, capability)
            models = await self._models(backend, capability) or models
        return CapabilityDetail(
            kind=capability.kind,
            name=capability.name,
            ready=not reason,
            missing=reason,
            words={name: schema for name, schema in fields.items() if name in WORDS},
            options={name: schema for name, schema in fields.items() if name not in WORDS},
            inputs={role: _takes(takes) for role, takes in capability.takes.items()},
            models=tuple(_model(model) for model in models),
            choices=choices,
            edits=capability.edits is not None,
        )

    async def _choices(self, backend: Backend[Any], capability: Capability[Any, Any]) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for word, fetch in capability.choices.items():
            names = await self._asked(backend, fetch)
            if names:
                found[word] = tuple(self.redact.text(str(name)) for name in names)
        return found

    async def _models(self, backend: Backend[Any], capability: Capability[Any, Any]) -> list[Model]:
        return list(await self._asked(backend, capability.discover)) if capability.discover else []

    async def _asked(self, backend: Backend[Any], fetch: Any) -> Sequence[Any]:
        """A live list, or nothing where the provider does not give it: a table is not worth an error."""
        with anyio.move_on_after(_LIVE_SECONDS):
            try:
                client = await self.clients.client(backend)
                return await fetch(client)
            except Exception as error:  # noqa: BLE001 - see above
                _log.info("%s did not list: %s", backend.name, type(error).__name__)
        return ()


def _takes(takes: Takes) -> dict[str, JsonValue]:
    return {"max": takes.max, "required": takes.required, "mimes": list(takes.mimes), "max_bytes": takes.max_bytes}


def _model(model: Model) -> dict[str, JsonValue]:
    told: dict[str, JsonValue] = {
        "id": model.id,
        "draft": model.draft,
        "retires": model.retires.isoformat() if model.retires else None,
        "max_prompt": model.max_prompt,
        "accepts": {word: _accepts(accepts) for word, accepts in model.accepts.items()},
        "prices": [
            f"{price.usd:.4g} USD per {price.per}{_when(price.when)} ({price.as_of.isoformat()})"
            for price in model.prices
        ],
        "note": model.note,
    }
    return {name: value for name, value in told.items() if value not in (None, False, "", {}, [])}


def _accepts(accepts: Accepts) -> JsonValue:
    if isinstance(accepts, Range):
        return f"{accepts.low:.10g}-{accepts.high:.10g}"
    return accepts if isinstance(accepts, bool) else list(accepts)


def _when(when: Mapping[str, object]) -> str:
    return f" at {', '.join(f'{word} {value}' for word, value in when.items())}" if when else ""
