"""A call by gRPC, and what is said about each kind of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from google.protobuf import descriptor_pool, json_format, message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message

from fakes.xai.state import XAIState

_SHOWN = 60


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call that passed every check. `request` is its message, or all of them when it is a stream.

    `store` is the address where files are fetched, `fixed` the format of the large picture, if that is wanted.
    """

    state: XAIState
    request: Any
    store: str
    fixed: str = ""


@dataclass(frozen=True, kw_only=True)
class Method:
    """How a kind of call is answered, and whether it `pays`. `open` to calls without a key.

    `check` refuses what the provider would, before any plan is followed.
    """

    answer: Callable[[Call], Message]
    check: Callable[[Call], object] = lambda _call: None
    pays: bool = False
    open: bool = False


def full_name(name: str) -> str:
    """What `POST /xai_api.Image/GenerateImage` is called where messages are described."""
    return name.partition("/")[2].replace("/", ".")


def error_record(name: str) -> MethodDescriptor:
    """What the SDK itself says of a method."""
    return descriptor_pool.Default().FindMethodByName(full_name(name))


def request_type(name: str) -> type[Message]:
    """The messages that a method takes."""
    return message_factory.GetMessageClass(error_record(name).input_type)


def answer_type(name: str) -> type[Message]:
    """The messages that a method answers with."""
    return message_factory.GetMessageClass(error_record(name).output_type)


def as_json(message: Message) -> dict[str, Any]:
    """A message as JSON, with the names its fields have in the message; a field that is not there is left out."""
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


def as_logged(brought: Message | list[Any]) -> Mapping[str, object]:
    """What a call brought, as the log shows it: of a file only what tells it from others."""
    if isinstance(brought, Message):
        return as_json(brought)
    data = b"".join(chunk.data for chunk in brought)
    begins = [as_json(chunk)["init"] for chunk in brought if chunk.HasField("init")]
    return {"init": begins[0] if begins else None, "size": len(data), "sha256": sha256(data).hexdigest()}
