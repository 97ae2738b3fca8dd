"""The two faces of the provider: calls by gRPC, and beside them plain HTTP for files and for what tests ask."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Mapping
from dataclasses import replace
from typing import Any

import grpc
from google.protobuf import json_format
from google.protobuf.message import Message
from typing_extensions import override

from fakes.xai.calls import Call, Method, answer_type, as_logged, error_record, request_type
from fakes.xai.errors import Refused, sign_in
from fakes.xai.gate import Connection, Gate
from fakes.xai.script import Plan, Planned
from fakes.xai.spoiling import spoilt
from fakes.xai.state import XAIState
from loopback.connection import Answer, Request
from loopback.faults import answer_json, fault, parsed
from loopback.routes import Provider
from loopback.service import Service

_grpc: Any = grpc  # it has no types

_GARBAGE = b"\xff\xff\xff this is no message"


class XAIService(Service[XAIState]):
    """Plain HTTP, and what tests ask about calls."""

    def __init__(self, provider: Provider[XAIState], methods: Mapping[str, Method]) -> None:
        super().__init__(provider)
        self._methods = methods
        self.grpc_port = 0

    @override
    async def _control(self, request: Request) -> Answer:
        match request.path:
            case "/_port":
                return answer_json(self.grpc_port)
            case "/_clear":
                self.state.clear()
                return answer_json({})
            case "/_plan":
                self.state.plan(self._plan(request))
                return answer_json({})
            case _:
                return await super()._control(request)

    def _plan(self, request: Request) -> Plan:
        plan = parsed(Plan, request.body)
        if plan.request not in {*self._methods, "paying", "free"}:
            raise fault("path", "No such method to plan for.")
        for planned in plan.answers:
            _from_json(plan.request, planned)
        return plan


def _from_json(name: str, planned: Planned) -> Message | None:
    """The answer that is planned; raises `Fault` when the method has none like it."""
    if planned.body is None:
        return None
    try:
        return json_format.ParseDict(planned.body, answer_type(name)())
    except (json_format.ParseError, KeyError) as error:
        raise fault("body", str(error)) from error


class Calls:
    """Answers calls: strict checks first, then what a test planned, then the normal answer."""

    def __init__(self, service: XAIService, methods: Mapping[str, Method], gate: Gate, store: str) -> None:
        self._service = service
        self._methods = methods
        self._gate = gate
        self._store = store

    def handlers(self) -> list[Any]:
        """What a server of gRPC takes: of every method what the SDK says of it, and who answers."""
        services: dict[str, dict[str, Any]] = {}
        for name in self._methods:
            method = error_record(name)
            services.setdefault(method.containing_service.full_name, {})[method.name] = self._handler(name)
        return [_grpc.method_handlers_generic_handler(service, handlers) for service, handlers in services.items()]

    def _handler(self, name: str) -> Any:
        async def one(request: Message, context: Any) -> bytes:
            return await self._answer(name, request, context)

        async def many(requests: AsyncIterable[Message], context: Any) -> bytes:
            return await self._answer(name, [request async for request in requests], context)

        read = request_type(name).FromString
        if error_record(name).client_streaming:
            return _grpc.stream_unary_rpc_method_handler(many, request_deserializer=read)
        return _grpc.unary_unary_rpc_method_handler(one, request_deserializer=read)

    async def _answer(self, name: str, brought: Any, context: Any) -> bytes:
        state = self._service.state
        metadata = {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}
        method, path = name.split()
        sent = Request(method=method, path=path, headers=metadata, body=b"")
        entry = await state.record(name, sent, as_logged(brought))
        try:
            answer = await self._checked(state, name, sent, brought, self._gate.connection(context.peer()))
        except Refused as refused:
            code = _grpc.StatusCode[refused.code]
            entry["status"] = code.value[0]
            return await context.abort(code, refused.details, tuple(refused.metadata.items()))
        entry["status"] = 0
        return answer

    async def _checked(self, state: XAIState, name: str, sent: Request, brought: Any, connection: Connection) -> bytes:
        method = self._methods[name]
        if "authorization" in sent.headers or not method.open:
            sign_in(sent.headers)
        call = Call(state=state, request=brought, store=self._store)
        method.check(call)
        planned = state.next_planned(name, pays=method.pays)
        if planned.delay:
            await asyncio.sleep(planned.delay)
        if planned.hang:
            await state.released.wait()
        if planned.reset:
            connection.abort()
            raise Refused("UNAVAILABLE", "The connection was reset.")
        if planned.code:
            raise Refused(planned.code, planned.details, planned.metadata)
        answer = await self._bytes(name, replace(call, fixed=planned.fixed), planned)
        connection.cut = planned.truncate
        if planned.drip:
            connection.slow = True
            state.slowed.append(connection)
        return answer

    async def _bytes(self, name: str, call: Call, planned: Planned) -> bytes:
        if planned.raw is not None or planned.garbage:
            return _GARBAGE if planned.raw is None else planned.raw
        answer = _from_json(name, planned) or self._methods[name].answer(call)
        if planned.edit:
            answer = await asyncio.to_thread(spoilt, answer, planned.edit)
        return answer.SerializeToString()
