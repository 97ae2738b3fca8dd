"""Fal's own list of endpoints: one is looked up with its schema and price, and many are searched."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from mediasmith.plugin.contract import FoundModel, Model
from mediasmith.plugin.http_answers import Answer, Lenient
from mediasmith.plugin.kinds import MEDIA_TYPES, Kind, Role
from mediasmith_backends.fal.client import Client
from mediasmith_backends.fal.prices import UnitPrice, known_prices, unit_prices
from mediasmith_backends.fal.results import FILES
from mediasmith_backends.input_schema import SchemaModel, schema_model
from mediasmith_backends.plain_schema import Schema, mapping, plain_schema

_CATEGORIES: Mapping[Kind, tuple[str, ...]] = {
    "image": ("text-to-image", "image-to-image"),
    "video": ("text-to-video", "image-to-video"),
    "speech": ("text-to-speech",),
    "music": ("text-to-audio",),
    "sound_effect": ("text-to-audio",),
}
"""Fal's categories for each kind; it has one for music and sounds."""

_SPEECH = "text-to-speech"
_ID = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+")


class _Metadata(Answer):
    display_name: Lenient[str] = None
    category: Lenient[str] = None


class _Endpoint(Answer):
    endpoint_id: str
    metadata: Lenient[_Metadata] = None
    openapi: Any = None

    @property
    def category(self) -> str:
        return (self.metadata and self.metadata.category) or ""


class _Endpoints(Answer):
    models: tuple[Lenient[_Endpoint], ...]


def discover(models: Sequence[SchemaModel]) -> Callable[[Client], Awaitable[Sequence[Model]]]:
    """Return the function that lists these models with their prices of today."""

    async def with_prices(client: Client) -> Sequence[Model]:
        found = await unit_prices(client, [model.id for model in models])
        return [_priced(model, found.get(model.id)) for model in models]

    return with_prices


def lookup(kind: Kind, role: Role | None = None) -> Callable[[Client, str], Awaitable[Model | None]]:
    """Return the function that finds an endpoint that makes this kind, and takes files in this role if there is one."""

    async def find(client: Client, model: str) -> Model | None:
        found = await _endpoint(client, model)
        if found is None or not _makes(kind, found):
            return None
        schema = _inputs(found)
        if not schema:
            return None
        described = schema_model(model, schema, kind=kind, document=found.openapi)
        if role and not described.takes.get(role):
            return None
        prices = await known_prices(client, [model])
        return _priced(described, prices.get(model))

    return find


async def _endpoint(client: Client, model: str) -> _Endpoint | None:
    """Return an endpoint with its schema, or None where fal has none of this id."""
    import httpx2  # noqa: PLC0415 - heavy: loaded with the first client

    if not _ID.fullmatch(model):
        return None
    try:
        found = await client.get_list("models", _Endpoints, {"endpoint_id": model, "expand": "openapi-3.0"})
    except httpx2.HTTPStatusError as error:
        if error.response.status_code == HTTPStatus.NOT_FOUND:
            return None
        raise
    return next((one for one in found.models if one and one.endpoint_id == model), None)


def _makes(kind: Kind, endpoint: _Endpoint) -> bool:
    """Return whether an endpoint makes this kind: by its outputs, or where they cannot be read by its category.

    Sound is of any kind that the caller says, but for speech, which has a category of its own.
    """
    outputs = mapping(plain_schema(_outputs(endpoint), endpoint.openapi).get("properties"))
    made = {media for media, names in FILES.items() if any(name in outputs for name in names)}
    if not made:
        return endpoint.category in _CATEGORIES[kind]
    if MEDIA_TYPES[kind] == "audio" and endpoint.category == _SPEECH:
        return kind == "speech"
    return MEDIA_TYPES[kind] == next(media for media in ("video", "image", "audio") if media in made)


def _inputs(endpoint: _Endpoint) -> Schema:
    posted = mapping(mapping(_paths(endpoint).get(f"/{endpoint.endpoint_id}")).get("post"))
    return _schema(posted.get("requestBody"))


def _outputs(endpoint: _Endpoint) -> Schema:
    got = mapping(mapping(_paths(endpoint).get(f"/{endpoint.endpoint_id}/requests/{{request_id}}")).get("get"))
    return _schema(mapping(got.get("responses")).get("200"))


def _paths(endpoint: _Endpoint) -> Mapping[str, Any]:
    return mapping(mapping(endpoint.openapi).get("paths"))


def _schema(body: object) -> Schema:
    return mapping(mapping(mapping(mapping(body).get("content")).get("application/json")).get("schema"))


def _priced(model: SchemaModel, price: UnitPrice | None) -> SchemaModel:
    """Return a model with today's price, which is one for the whole endpoint: where sizes differ, only a note."""
    if price is None or any(one.when for one in model.prices):
        return model
    if isinstance(model.accepts.get("size"), tuple):
        guide = f"{price}, more for some sizes."
        return replace(model, note=f"{model.note} {guide}".strip())
    return replace(model, prices=price.prices or model.prices)


async def search(client: Client, kind: Kind | None, query: str) -> Sequence[FoundModel]:
    """Return the endpoints that fal finds for a text, of kinds that are made here."""
    found: list[_Endpoint] = []
    for category in ("",) if kind is None else _CATEGORIES.get(kind, ()):
        asked = {"q": query, "status": "active", "limit": "20", **({"category": category} if category else {})}
        found += [one for one in (await client.get_list("models", _Endpoints, asked)).models if one]
    kinds: dict[str, Kind | None] = {one.endpoint_id: kind or _kind_of(one.category) for one in found}
    prices = await known_prices(client, [name for name, made in kinds.items() if made])
    return [
        FoundModel(
            id=one.endpoint_id,
            kind=made,
            title=(one.metadata and one.metadata.display_name) or "",
            price=str(prices.get(one.endpoint_id, "")),
        )
        for one in found
        if (made := kinds[one.endpoint_id])
    ]


def _kind_of(category: str) -> Kind | None:
    return next((kind for kind, categories in _CATEGORIES.items() if category in categories), None)
