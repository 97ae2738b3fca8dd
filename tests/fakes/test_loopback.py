"""What the fakes of providers share: forms, connections that break, and contracts as a second opinion."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest

from fakes.provider import KEY, Provider
from loopback.connection import Request
from loopback.contract import Contract, Newer
from loopback.faults import Fault
from loopback.forms import Form, form

PICTURE: Mapping[str, str] = {"prompt": "a red kite", "model": "now-2", "size": "64x64"}


@pytest.fixture
def client(provider: Provider) -> Generator[httpx2.Client]:
    headers = {"authorization": f"Bearer {KEY}"}
    with httpx2.Client(base_url=provider.url, headers=headers, trust_env=False, verify=False) as client:
        yield client


def test_an_answer_can_come_byte_by_byte(provider: Provider, client: httpx2.Client) -> None:
    provider.script("POST /make", {"drip": True})
    with client.stream("POST", "/make", json=dict(PICTURE)) as answer:
        assert int(answer.headers["content-length"]) > 100
        assert next(answer.iter_raw()) == b"{"
    assert client.post("/make", json=dict(PICTURE)).is_success


def test_an_answer_can_be_no_http_and_have_a_status_of_the_providers_own(
    provider: Provider, client: httpx2.Client
) -> None:
    provider.script("POST /make", {"garbage": True}, {"status": 529})
    with pytest.raises(httpx2.RemoteProtocolError):
        client.post("/make", json=dict(PICTURE))
    assert client.post("/make", json=dict(PICTURE)).status_code == 529


def sent(*, data: Mapping[str, Any] | None = None, files: Any = None, cut: int = 0) -> Form:
    """A form as it arrives, without its last bytes if it is `cut`."""
    request = httpx2.Request("POST", "http://127.0.0.1", data=data, files=files or {"file": ("a.txt", b"")})
    body = request.read()
    headers = {name.lower(): value for name, value in request.headers.items()}
    return form(Request(method="POST", path="/", headers=headers, body=body[: len(body) - cut]))


def test_a_form_keeps_every_byte_of_its_files() -> None:
    body = bytes(range(256)) + b"\r\n--\r\n\r\n" + b"\n" * 3
    (file,) = sent(files={"image": ("a b.png", body, "image/png")}).files
    assert (file.field, file.name, file.mime, file.body) == ("image", "a b.png", "image/png", body)


def test_the_fields_of_a_form_are_nested_as_their_names_say() -> None:
    fields = {"n": "2", "svg[model]": "one", "svg[reasoning][effort]": "low"}
    assert sent(data=fields).fields == {"n": "2", "svg": {"model": "one", "reasoning": {"effort": "low"}}}


def test_a_broken_form_is_refused() -> None:
    with pytest.raises(Fault, match="boundary"):
        sent(data={"n": "2"}, cut=6)
    with pytest.raises(Fault, match="twice"):
        sent(data={"n": ["2", "3"]})
    with pytest.raises(Fault, match="not the name"):
        sent(data={"[n]": "2"})
    plain = Request(method="POST", path="/", headers={"content-type": "text/plain"}, body=b"")
    with pytest.raises(Fault, match="multipart"):
        form(plain)


SCHEMAS: Mapping[str, object] = {
    "Base": {"type": "object", "properties": {"prompt": {"type": "string"}}, "required": ["prompt"]},
    "More": {"allOf": [{"$ref": "#/components/schemas/Base"}, {"properties": {"parts": {"type": "array"}}}]},
    "Part": {"properties": {"text": {"type": "string"}}, "type": "object"},
    "Form": {"type": "string", "enum": ["mp3", "7"]},
    "Whole": {
        "allOf": [
            {"$ref": "#/components/schemas/More"},
            {
                "type": "object",
                "properties": {
                    "scale": {"type": "number", "minimum": 0, "exclusiveMinimum": True},
                    "part": {"$ref": "#/components/schemas/Part"},
                    "either": {"oneOf": [{"type": "string"}, {"type": "string", "enum": ["a"]}]},
                    "free": {"type": "object", "additionalProperties": {"type": "string"}},
                },
            },
        ]
    },
}


def contract(folder: Path, *newer: Newer) -> Contract:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Whole"}}}
    parameters = [
        {"name": "size", "in": "query", "schema": {"type": "integer", "maximum": 9}},
        {"name": "form", "in": "query", "schema": {"$ref": "#/components/schemas/Form"}},
        {"name": "thing_id", "in": "path", "schema": {"type": "string"}},
    ]
    operation = {
        "parameters": parameters,
        "requestBody": {"content": content},
        "responses": {"200": {"content": content}},
    }
    document = {"paths": {"/things/{thing_id}": {"post": operation}}, "components": {"schemas": SCHEMAS}}
    (folder / "contract.json").write_text(json.dumps(document))
    return Contract(folder / "contract.json", "/v1", newer, ())


ROUTE = "POST /v1/things/{id}"


@pytest.mark.parametrize(
    ("data", "fits"),
    [
        ({"prompt": "a"}, True),
        ({"prompt": "a", "parts": [], "scale": 0.5, "part": {"text": "b"}, "free": {"any": "c"}}, True),
        ({"prompt": "a", "either": "a"}, True),
        ({}, False),
        ({"prompt": 1}, False),
        ({"prompt": "a", "colour": "red"}, False),
        ({"prompt": "a", "part": {"text": "b", "colour": "red"}}, False),
        ({"prompt": "a", "scale": 0}, False),
        ({"prompt": "a", "free": {"any": 1}}, False),
    ],
    ids=str,
)
def test_a_request_is_held_to_the_contract(tmp_path: Path, data: dict[str, object], fits: bool) -> None:
    assert bool(contract(tmp_path).objection(ROUTE, "application/json", data)) is not fits


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ({}, True),
        ({"size": "7", "form": "7"}, True),
        ({"size": "10"}, False),
        ({"size": "big"}, False),
        ({"form": "wav"}, False),
        ({"thing_id": "a"}, False),
        ({"colour": "red"}, False),
    ],
    ids=str,
)
def test_a_query_is_held_to_the_contract(tmp_path: Path, query: dict[str, str], fits: bool) -> None:
    assert bool(contract(tmp_path).query_objection(ROUTE, query)) is not fits


def test_what_is_newer_in_a_query_is_so_at_its_place_alone(tmp_path: Path) -> None:
    for route, fits in ((ROUTE, True), ("POST /v1/others", False)):
        published = contract(tmp_path, Newer(field="form", route=route, values=("wav",), reason="a test"))
        assert bool(published.query_objection(ROUTE, {"form": "wav"})) is not fits
    assert not contract(tmp_path).query_objection("POST /v1/others", {"colour": "red"})


def test_an_answer_may_have_more_than_the_contract_says_and_never_less(tmp_path: Path) -> None:
    published = contract(tmp_path)
    assert not published.answer_objection(ROUTE, 200, {"prompt": "a", "colour": "red", "part": {"colour": "red"}})
    assert published.answer_objection(ROUTE, 200, {"colour": "red"})
    assert published.answer_objection(ROUTE, 202, {"prompt": "a"})


def test_what_is_newer_is_left_out_or_stands_for_something_older(tmp_path: Path) -> None:
    newer = (
        Newer(field="colour", values=("red",), reason="a test"),
        Newer(field="prompt", lists=True, instead="words", reason="a test"),
    )
    published = contract(tmp_path, *newer)
    assert not published.objection(ROUTE, "application/json", {"prompt": ["a"], "part": {"colour": "red"}})
    assert published.objection(ROUTE, "application/json", {"prompt": "a", "colour": "blue"})


def test_what_the_contract_does_not_have_is_said(tmp_path: Path) -> None:
    published = contract(tmp_path)
    assert published.objection(ROUTE, "text/plain", "a") == "text/plain is not sent there"
    with pytest.raises(LookupError):
        published.objection("POST /v1/others", "application/json", {})
