"""The platform API: endpoints by id or text, with their schemas as pydantic writes them, and prices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from pydantic import Field

from fakes.fal.endpoints import ENDPOINTS, Endpoint
from fakes.fal.state import FalState, refusal
from loopback.connection import Answer
from loopback.faults import Strict, answer_json
from loopback.routes import Asked, Route

_Asked: TypeAlias = Asked[FalState]

_FILE = {"type": "object", "properties": {"url": {"type": "string"}}, "required": ["url"]}


class ModelsQuery(Strict):
    """The query of `GET /v1/models`."""

    endpoint_id: str = Field(default="", min_length=1)
    q: str = Field(default="", min_length=1)
    category: str = Field(default="", min_length=1)
    status: Literal["active", "deprecated"] = "active"
    limit: int = Field(default=50, ge=1, le=100)
    expand: Literal["openapi-3.0"] | None = None


class PricesQuery(Strict):
    """The query of `GET /v1/models/pricing`."""

    endpoint_id: str = Field(min_length=1)


def _models(asked: _Asked) -> Answer:
    query: ModelsQuery = asked.query
    found = {
        name: endpoint
        for name, endpoint in ENDPOINTS.items()
        if query.endpoint_id in {"", name} and query.q in name and query.category in {"", endpoint.category}
    }
    shown = [_shown(name, endpoint, query.expand) for name, endpoint in list(found.items())[: query.limit]]
    return answer_json({"models": shown, "next_cursor": None, "has_more": False})


def _shown(name: str, endpoint: Endpoint, expand: str | None) -> dict[str, object]:
    about = {"display_name": name.title(), "category": endpoint.category, "status": "active"}
    openapi = {"openapi": _openapi(name, endpoint)} if expand else {}
    return {"endpoint_id": name, "metadata": about, **openapi}


def _openapi(name: str, endpoint: Endpoint) -> dict[str, Any]:
    schema = endpoint.takes.model_json_schema(ref_template="#/components/schemas/{model}")
    parts = schema.pop("$defs", {})
    made = {"type": "array", "items": _FILE} if endpoint.makes == "images" else _FILE
    output = {"type": "object", "properties": {endpoint.makes: made}, "required": [endpoint.makes]}
    return {
        "openapi": "3.0.4",
        "info": {"title": name, "version": "1.0.0"},
        "components": {"schemas": {"Input": schema, "Output": output, **parts}},
        "paths": {
            f"/{name}": {"post": {"requestBody": _content("Input")}},
            f"/{name}/requests/{{request_id}}": {"get": {"responses": {"200": _content("Output")}}},
        },
    }


def _content(name: str) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}}


def _prices(asked: _Asked) -> Answer:
    query: PricesQuery = asked.query
    names = query.endpoint_id.split(",")
    if len(names) > 50:  # the limit of fal
        raise refusal(400, "At most 50 endpoints")
    prices = [_price(name, ENDPOINTS[name]) for name in names if name in ENDPOINTS]
    if not prices:
        raise refusal(404, "No such endpoint")
    return answer_json({"prices": prices, "next_cursor": None, "has_more": False})


def _price(name: str, endpoint: Endpoint) -> dict[str, object]:
    return {"endpoint_id": name, "unit_price": endpoint.usd, "unit": endpoint.unit, "currency": "USD"}


ROUTES: Mapping[str, Route[FalState]] = {
    "GET /v1/models": Route(answer=_models, query=ModelsQuery),
    "GET /v1/models/pricing": Route(answer=_prices, query=PricesQuery),
}
"""The routes of the platform API."""
