"""Values in another form than the declared one."""

from __future__ import annotations

import math
from typing import Any

import pytest

from mediasmith.selection.coercion import read_value

EITHER = {"anyOf": [{"type": "integer"}, {"type": "boolean"}]}


@pytest.mark.parametrize(
    ("schema", "given", "read"),
    [
        ({"type": "integer"}, "3", 3),
        ({"type": "number"}, "-.5", -0.5),
        ({"type": "number"}, "1_000", "1_000"),
        ({"type": "number"}, "١٢", "١٢"),
        ({"type": "boolean"}, "False", False),
        ({"type": "string"}, 3, "3"),
        ({"type": "string"}, True, True),
        ({"type": "array", "items": {"type": "integer"}}, '[1, "2"]', [1, 2]),
        ({"type": "array", "items": {"type": "integer"}}, "4", [4]),
        ({"type": "array", "items": {"type": "array", "items": {"type": "number"}}}, [["1"]], [[1]]),
        ({"type": "object"}, '{"a": "1"}', {"a": "1"}),
        ({"type": "object", "properties": {"a": {"type": "integer"}}}, {"a": "1", "b": "2"}, {"a": 1, "b": "2"}),
        ({"type": ["integer", "null"]}, "3", 3),
        (EITHER, "3", 3),
        (EITHER, "true", True),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, "3", "3"),
        ({}, "3", "3"),
        ({"type": "object"}, "[]", []),
        ({"type": "boolean"}, " null ", None),
        ({"type": "string"}, "null", "null"),
    ],
    ids=str,
)
def test_a_value_is_read_as_its_schema_declares(schema: dict[str, Any], given: object, read: object) -> None:
    found = read_value(given, schema)
    assert (found, type(found)) == (read, type(read))


@pytest.mark.parametrize("number", [math.nan, math.inf, 10**5_000], ids=["nan", "inf", "long"])
def test_what_is_no_number_that_can_be_written_stays_what_it_is(number: float) -> None:
    assert read_value(number, {"type": "string"}) is number
