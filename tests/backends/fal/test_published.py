"""The known endpoints compared with published schemas, where MEDIASMITH_TEST_SPECS names their folder."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from mediasmith_backends.fal import backend
from mediasmith_backends.input_schema import SchemaModel
from mediasmith_backends.plain_schema import listed, mapping, plain_schema

FOLDER = os.environ.get("MEDIASMITH_TEST_SPECS")
FILES = sorted(Path(FOLDER).glob("fal-endpoints-*.json")) if FOLDER else []
MODELS = [model for capability in backend.capabilities for model in capability.models]

pytestmark = pytest.mark.skipif(not FILES, reason="MEDIASMITH_TEST_SPECS names no folder with fal's endpoints")


@pytest.fixture(scope="module")
def published() -> Any:
    return json.loads(FILES[-1].read_text())


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
def test_a_known_endpoint_is_as_published(published: Any, model: SchemaModel) -> None:
    posted = published["paths"][f"/{model.id}"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    schema = plain_schema(posted, published)
    fields = mapping(schema["properties"])
    assert set(listed(model.inputs.get("required"))) >= set(listed(schema.get("required")))
    for name, field in model.fields.items():
        assert name in fields, name
        assert _values(field) <= _values(fields[name]), name


def _values(field: Any) -> set[Any]:
    """Return the values that a field lists, and those of each of its alternatives."""
    arms = [field, *listed(mapping(field).get("anyOf"))]
    return {value for arm in arms for value in listed(mapping(arm).get("enum"))}
