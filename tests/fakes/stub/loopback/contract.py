"""What providers publish about their interfaces, as a second opinion on the models of the fakes.

They are read from the folder that `MEDIASMITH_TEST_SPECS` names; without it they are not compared.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

_LONGEST = 300
_SHOWN = 60


@dataclass(frozen=True, kw_only=True)
class Newer:
    """A field that came after the contract, and where it is documented instead.

    Only some `values` may be newer, or all lists. A field that must be there has an older value put `instead`. With a
    `route` it is newer there alone.
    """

    field: str
    route: str = ""
    values: tuple[object, ...] = ()
    lists: bool = False
    instead: object = None
    reason: str

    def covers(self, field: str, value: object) -> bool:
        """Whether this value of this field is newer."""
        if field != self.field:
            return False
        return isinstance(value, list) if self.lists else not self.values or value in self.values


class Contract:
    """A contract in the form of OpenAPI. `prefix` stands before its paths in the routes of the fake.

    `requests` and `answers` say what in each is newer than the contract: it is left out before looking.
    """

    def __init__(self, path: Path, prefix: str, requests: Sequence[Newer], answers: Sequence[Newer]) -> None:
        self._path = path
        self._prefix = prefix
        self._requests = requests
        self._answers = answers

    def objection(self, route: str, mime: str, data: object) -> str:
        """What the contract has against a request; nothing when it fits. Fields it does not know do not."""
        content = self._operation(route).get("requestBody", {}).get("content", {})
        if mime not in content:
            return f"{mime} is not sent there"
        return self._of_requests.problem(content[mime]["schema"], _older(data, self._newer(route)))

    def query_objection(self, route: str, query: Mapping[str, str]) -> str:
        """What the contract has against the query of a request; nothing when it fits, or when it lists no such request.

        Words stand in a query as text, which is also read as the numbers and truths it may stand for.
        """
        listed = self._query_of(route)
        if listed is None:
            return ""
        newer = self._newer(route)
        for name, text in query.items():
            if any(each.covers(name, text) for each in newer):
                continue
            if name not in listed:
                return f"{name} is not asked there"
            problems = [self._of_requests.problem(listed[name], value) for value in _readings(text)]
            if all(problems):
                return f"{name}: {problems[0]}"
        return ""

    def answer_objection(self, route: str, status: int, data: object) -> str:
        """What the contract has against an answer in JSON; nothing when it fits. Answers may grow."""
        answer = self._operation(route)["responses"].get(str(status))
        if answer is None:
            return f"{status} is not answered there"
        schema = answer["content"]["application/json"]["schema"]
        return self._of_answers.problem(schema, _older(data, self._answers))

    @cached_property
    def _document(self) -> dict[str, Any]:
        return json.loads(self._path.read_text(encoding="utf-8"))

    @cached_property
    def _of_requests(self) -> _Schemas:
        return _Schemas(self._document, closed=True)

    @cached_property
    def _of_answers(self) -> _Schemas:
        return _Schemas(self._document, closed=False)

    def _newer(self, route: str) -> Sequence[Newer]:
        return [each for each in self._requests if each.route in {"", route}]

    def _query_of(self, route: str) -> Mapping[str, Any] | None:
        """The schemas of the words that a query can have; None where the request is not in the contract."""
        try:
            parameters = self._operation(route).get("parameters", [])
        except LookupError:
            return None
        return {one["name"]: one["schema"] for one in parameters if one["in"] == "query"}

    def _operation(self, route: str) -> Mapping[str, Any]:
        method, path = route.split()
        wanted = _anonymous(path.removeprefix(self._prefix))
        for template, operations in self._document["paths"].items():
            if _anonymous(template) == wanted:
                return operations[method.lower()]
        raise LookupError(f"The contract has no {route}.")


class _Schemas:
    """The schemas of a contract, ready to be used."""

    def __init__(self, document: Mapping[str, Any], *, closed: bool) -> None:
        schemas = document["components"]["schemas"]
        self._closed = closed
        self._root = {
            "schemas": {name: _modern(schema, closed=closed, outermost=True) for name, schema in schemas.items()}
        }

    def problem(self, schema: object, data: object) -> str:
        """The first thing wrong with the data, or nothing."""
        from jsonschema import Draft202012Validator, exceptions  # noqa: PLC0415 - heavy: a quarter of a second

        known = {"components": self._root, **_modern(schema, closed=self._closed)}
        validator: Any = Draft202012Validator(known)  # its types are only partly known, and so are this one's:
        best: Any = exceptions.best_match  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        found = best(validator.iter_errors(data))
        return f"{found.json_path}: {found.message[:_LONGEST]}" if found else ""


def _readings(text: str) -> Sequence[object]:
    """What a word of a query can stand for."""
    try:
        return text, json.loads(text)
    except ValueError:
        return (text,)


def _anonymous(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def _modern(schema: Any, *, closed: bool, outermost: bool = False) -> Any:
    """A schema as the current draft reads it, which the contracts are not quite.

    `oneOf` becomes `anyOf`, for in the contracts its branches overlap and only a discriminator keeps them apart; a
    bound that is exclusive by a flag becomes one by number. With `closed` no object takes unknown fields, where it is
    used: an `outermost` schema is still put together with others.
    """
    if not isinstance(schema, dict):
        return schema
    given = cast("dict[str, Any]", schema)
    made = dict(given)
    for key in given.keys() & {"items", "additionalProperties", "not"}:
        made[key] = _modern(given[key], closed=closed)
    for key in given.keys() & {"properties", "patternProperties"}:
        made[key] = {name: _modern(each, closed=closed) for name, each in given[key].items()}
    for key in given.keys() & {"anyOf", "oneOf", "allOf"}:
        shared = outermost or key == "allOf" or "properties" in given
        made[key.replace("oneOf", "anyOf")] = [_modern(each, closed=closed, outermost=shared) for each in given[key]]
    made.pop("oneOf", None)
    if given.get("exclusiveMinimum") is True:
        made["exclusiveMinimum"] = made.pop("minimum")
    if closed and not outermost and _is_object(given):
        made["unevaluatedProperties"] = False
    return made


def _is_object(schema: Mapping[str, Any]) -> bool:
    return "additionalProperties" not in schema and not schema.keys().isdisjoint({"properties", "allOf", "$ref"})


def _older(data: object, newer: Sequence[Newer]) -> object:
    """The data as the contract can know it; of files in data URIs only the beginning, to be quick."""
    if isinstance(data, str) and data.startswith("data:"):
        return data[:_SHOWN]
    if isinstance(data, list):
        return [_older(each, newer) for each in cast("list[object]", data)]
    if not isinstance(data, Mapping):
        return data
    made: dict[str, object] = {}
    for name, value in cast("Mapping[str, object]", data).items():
        found = next((each for each in newer if each.covers(name, value)), None)
        if found is None:
            made[name] = _older(value, newer)
        elif found.instead is not None:
            made[name] = found.instead
    return made
