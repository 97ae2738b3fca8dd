"""HTTP errors: what an error answer says is wrong."""

from __future__ import annotations

import pytest

from mediasmith.plugin.http_errors import error_text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"detail": [{"loc": ["body", "text"], "msg": "field required", "type": "missing"}]}, "text: field required"),
        ({"detail": [{"loc": ["body", "n"], "msg": "too low"}, {"msg": "odd"}]}, "n: too low; odd"),
        ({"detail": [{"loc": ["body", "text"]}]}, ""),
        ({"detail": [{"loc": "text", "msg": "odd"}]}, "odd"),
    ],
)
def test_a_list_of_complaints_names_each_field(body: object, text: str) -> None:
    assert error_text(body) == text
