"""A fake provider: strict checks first, then what a test scripted, then the normal answer."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Generic
from urllib.parse import parse_qsl

from loopback.connection import Answer, Request, serve
from loopback.contract import Contract
from loopback.controls import CONTROLS
from loopback.faults import Fault, Problem, Refusal, Strict, answer_json, fault, parsed, parsed_fields, plain
from loopback.forms import File, Form, form
from loopback.routes import Asked, Provider, Route, S
from loopback.script import play


class Service(Generic[S]):
    """Answers requests, one after the other on each connection."""

    def __init__(self, provider: Provider[S]) -> None:
        self.provider = provider
        self.state = provider.fresh()

    async def __call__(self, request: Request) -> Answer | None:
        """Answer one request; None when the connection shall just close."""
        if not request.path.startswith("/_"):
            return await self._answer(request)
        try:
            return await self._control(request)
        except Fault as found:
            return plain(found)

    async def _answer(self, request: Request) -> Answer | None:
        state = self.state
        target = request.path.partition("?")[0]
        name, ids = self._route(request.method, target)
        entry = await state.record(name, request, _readable(request))
        try:
            answer = await self._checked(state, name, ids, request)
        except Fault as found:
            answer = self.provider.wording(found)
        except Refusal as refusal:
            answer = refusal.answer
        entry["status"] = answer and answer.status
        return answer and replace(answer, headers={**self.provider.headers(), **answer.headers})

    def _route(self, method: str, target: str) -> tuple[str, tuple[str, ...]]:
        """The name of a request's route and the open parts; of several routes the one with the fewest."""
        found = [
            (name, ids)
            for name in self.provider.routes
            if name.startswith(f"{method} ") and (ids := _open_parts(name.split()[1], target)) is not None
        ]
        return min(found, key=lambda each: len(each[1]), default=(f"{method} {target}", ()))

    async def _checked(self, state: S, name: str, ids: tuple[str, ...], request: Request) -> Answer | None:
        route = self.provider.routes.get(name)
        if route is None:
            raise fault("path", "No such path.")
        if not (route.open and route.open(state)):
            self.provider.sign_in(request)
        asked = self._asked(Asked(state=state, route=name, host=request.headers["host"], ids=ids), route, request)
        scripted = state.next_scripted(name)
        return await play(scripted, state, partial(_normal, route, replace(asked, fixed=scripted.fixed)))

    def _asked(self, asked: Asked[S], route: Route[S], request: Request) -> Asked[S]:
        """The request with all that it brought, found to be in order."""
        sent = _content(route, request)
        words = _words(request)
        asked = replace(asked, body=_body(route, sent), query=_query(route, words))
        if isinstance(sent, Form):
            asked = replace(asked, files=sent.files)
        if route.check:
            route.check(asked)
        if self.provider.contract and (objection := _objection(self.provider.contract, asked, words, sent)):
            raise fault("contract", f"The provider's contract says otherwise: {objection}")
        return asked

    async def _control(self, request: Request) -> Answer:
        control = CONTROLS.get(request.path)
        if control is None:
            raise fault("path", "No such control.")
        return answer_json(await control(self, request))


def _open_parts(template: str, target: str) -> tuple[str, ...] | None:
    """What stands in the open parts of a route's path; None when the path is another."""
    expected, given = template.split("/"), target.split("/")
    if len(expected) != len(given):
        return None
    pairs = list(zip(expected, given, strict=True))
    if any(part != value and not (part.startswith("{") and value) for part, value in pairs):
        return None
    return tuple(value for part, value in pairs if part.startswith("{"))


def _content(route: Route[Any], request: Request) -> Form | bytes:
    """What a request brings, if it is of a type that its route takes; nothing is empty bytes."""
    mime = request.headers.get("content-type", "").partition(";")[0]
    if route.form and mime == "multipart/form-data":
        return form(request)
    plain = (route.text and mime == "text/plain") or (route.upload and mime)
    if plain or (route.body and mime == "application/json"):
        return request.body
    if route.form or route.body or route.text:
        raise fault("type", f"The body must not be {mime or 'without a type'}.")
    if request.body:
        raise fault("body", "This request has no body.")
    return b""


def _body(route: Route[Any], sent: Form | bytes) -> Strict | str | None:
    if isinstance(sent, Form):
        return route.form and parsed_fields(route.form, sent.fields)
    if route.text:
        return sent.decode(errors="replace")
    return route.body and parsed(route.body, sent)


def _words(request: Request) -> Mapping[str, str]:
    """What the query of a request says."""
    pairs = parse_qsl(request.path.partition("?")[2], keep_blank_values=True)
    if len(pairs) > len(dict(pairs)):
        raise Fault("body", Problem(code="twice", message="a word of the query is there twice"))
    return dict(pairs)


def _query(route: Route[Any], words: Mapping[str, str]) -> Strict | None:
    if route.query is None and words:
        raise fault("path", "This path takes no query.")
    return route.query and parsed_fields(route.query, words)


def _objection(contract: Contract, asked: Asked[Any], words: Mapping[str, str], sent: Form | bytes) -> str:
    """What the contract has against a request; nothing when it fits."""
    if words and (objection := contract.query_objection(asked.route, words)):
        return objection
    if asked.body is None:
        return ""
    if isinstance(sent, Form):
        return contract.objection(asked.route, "multipart/form-data", _as_json(asked.body, sent.files))
    return contract.objection(asked.route, "application/json", json.loads(sent))


def _normal(route: Route[S], asked: Asked[S]) -> Answer:
    try:
        return route.answer(asked)
    except Refusal as refusal:
        return refusal.answer


def _as_json(body: Strict, files: Sequence[File]) -> Mapping[str, object]:
    """A form as a contract describes it: a file is a string, several files of one field are a list."""
    fields = body.model_dump(mode="json", exclude_unset=True, by_alias=True)
    named: dict[str, list[str]] = {}
    for file in files:
        named.setdefault(file.field.removesuffix("[]"), []).append(file.name)
    return {**fields, **{name: names if len(names) > 1 else names[0] for name, names in named.items()}}


def _readable(request: Request) -> object:
    """The body as the log shows it."""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        try:
            return form(request).error_record()
        except Fault as found:
            return f"no form: {found}"
    try:
        return json.loads(request.body) if request.body else None
    except ValueError:
        return request.body.decode("latin-1")


async def _run(provider: Provider[Any], port: int) -> None:
    server = await serve(Service(provider), port)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


def main(provider: Provider[Any]) -> None:
    """Serve until standard input ends. The first line on standard output is the port."""
    parser = argparse.ArgumentParser(description="A provider for tests.")
    parser.add_argument("--port", type=int, default=0, help="0: any free one, printed as the first line")
    asyncio.run(_run(provider, parser.parse_args().port))
