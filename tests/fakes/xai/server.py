"""The gRPC server: of every method it takes from the SDK's descriptors which messages go in and out."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from threading import Event
from typing import Any

import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message

from fakes.xai.gate import Gate, gate
from fakes.xai.http_store import store
from fakes.xai.provider import ANSWERS
from fakes.xai.requests import Refusal, check
from fakes.xai.state import FakeXAI, Logged

_grpc: Any = grpc  # it has no types

_WORKERS = 16
_SILENCE_SECONDS = 60.0
_OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.so_reuseport", 0),
    ("grpc.http2.max_ping_strikes", 0),  # clients ask every half minute whether the connection still lives
    ("grpc.keepalive_permit_without_calls", 1),
)


def describe(method: str) -> MethodDescriptor:
    """Return what the SDK says of a method such as `/xai_api.Image/GenerateImage`."""
    return descriptor_pool.Default().FindMethodByName(method[1:].replace("/", "."))


def as_json(message: Message) -> dict[str, Any]:
    """Return a message as JSON, with the field names of the message; a field that is not set is left out."""
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


@contextmanager
def running(*, credentials: Any = None) -> Generator[FakeXAI]:
    """Run a fake; with `credentials` of gRPC's, calls go over TLS."""
    fake = FakeXAI()
    with ExitStack() as opened:
        fake.store_url = opened.enter_context(store(fake))
        breakable = opened.enter_context(gate())
        breakable.server_port = opened.enter_context(_grpc_server(fake, breakable, credentials))
        fake.base_url = f"https://localhost:{breakable.port}" if credentials else f"grpc://127.0.0.1:{breakable.port}"
        yield fake


@contextmanager
def _grpc_server(fake: FakeXAI, gate: Gate, credentials: Any = None) -> Generator[int]:
    server = _grpc.server(ThreadPoolExecutor(_WORKERS), options=_OPTIONS)
    calls, services = _Calls(fake, gate), dict[str, dict[str, Any]]()
    for name in ANSWERS:
        method = describe(name)
        stream = method.client_streaming
        form = _grpc.stream_unary_rpc_method_handler if stream else _grpc.unary_unary_rpc_method_handler
        read = message_factory.GetMessageClass(method.input_type).FromString
        handler = form(partial(calls.answer, name), request_deserializer=read)
        services.setdefault(method.containing_service.full_name, {})[method.name] = handler
    handlers = [_grpc.method_handlers_generic_handler(service, methods) for service, methods in services.items()]
    server.add_generic_rpc_handlers(handlers)
    address = "127.0.0.1:0"
    port = server.add_secure_port(address, credentials) if credentials else server.add_insecure_port(address)
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait()


@dataclass(frozen=True)
class _Calls:
    """Answers calls: strict checks first, then what a test scripted, then normally."""

    fake: FakeXAI
    gate: Gate

    def answer(self, name: str, request: Message | Iterable[Message], context: Any) -> bytes:
        headers = {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}
        messages = [request] if isinstance(request, Message) else list(request)
        self.fake.log.append(Logged(method="POST", path=name, headers=headers, body=_as_logged(messages)))
        try:
            check(self.fake, headers, messages)
            return self._reply(name, messages, context)
        except Refusal as refusal:
            context.set_trailing_metadata(tuple(refusal.metadata.items()))
            return context.abort(_grpc.StatusCode[refusal.code], refusal.details)

    def _reply(self, name: str, messages: list[Message], context: Any) -> bytes:
        reply = self.fake.next_reply(name)
        if reply.fault == "silence":
            over = Event()
            context.add_callback(over.set)
            over.wait(_SILENCE_SECONDS)
        elif reply.fault:
            self.gate.faults[context.peer().rpartition(":")[2]] = reply.fault
        if reply.code:
            raise Refusal(reply.code, reply.details, reply.metadata)
        if reply.raw is not None:
            return reply.raw
        if reply.message is not None:
            empty = message_factory.GetMessageClass(describe(name).output_type)()
            return json_format.ParseDict(dict(reply.message), empty).SerializeToString()
        answer = ANSWERS[name](self.fake, messages)
        return (reply.edit(answer) if reply.edit else answer).SerializeToString()


def _as_logged(messages: list[Message]) -> object:
    first: Any = messages[0] if messages else None
    if first is None or first.DESCRIPTOR.name != "UploadFileChunk":
        return first and as_json(first)
    chunks: list[Any] = list(messages)
    data = b"".join(chunk.data for chunk in chunks)
    return {**as_json(first), "size": len(data), "sha256": sha256(data).hexdigest()}
