"""What the provider publishes about its messages, as a second opinion on those that the SDK brings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool

from fakes.xai.calls import error_record, full_name
from loopback.contract import Contract


class Messages(Contract):
    """The published descriptions of messages and methods."""

    def __init__(self, path: Path, prefix: str, requests: Sequence[Any], answers: Sequence[Any]) -> None:
        super().__init__(path, prefix, requests, answers)
        self._described = path

    def differences(self, name: str) -> Iterator[str]:
        """What a published method and its messages have that the SDK has not, or has otherwise. The SDK may have more.

        Raises:
            KeyError: no such method is published.
        """
        published, own = self._pool.FindMethodByName(full_name(name)), error_record(name)
        if published.client_streaming != own.client_streaming or published.server_streaming != own.server_streaming:
            yield f"{name}: which side streams"
        seen: set[str] = set()
        yield from _differences(published.input_type, own.input_type, seen)
        yield from _differences(published.output_type, own.output_type, seen)

    @cached_property
    def _pool(self) -> DescriptorPool:
        pool: Any = DescriptorPool()  # its types do not know all that it does
        for file in FileDescriptorSet.FromString(self._described.read_bytes()).file:
            pool.Add(file)
        return pool


def _differences(published: Descriptor, own: Descriptor, seen: set[str]) -> Iterator[str]:
    if published.full_name != own.full_name:
        yield f"{published.full_name}: {own.full_name} is there instead"
    if published.full_name in seen:
        return
    seen.add(published.full_name)
    for field in published.fields:
        place, mine = f"{published.full_name}.{field.name}", own.fields_by_name.get(field.name)
        if mine is None or _form(field) != _form(mine):
            yield place
        elif field.message_type and mine.message_type:
            yield from _differences(field.message_type, mine.message_type, seen)
        elif field.enum_type and mine.enum_type:
            words = {(word.name, word.number) for word in field.enum_type.values}
            if words - {(word.name, word.number) for word in mine.enum_type.values}:
                yield place


def _form(field: FieldDescriptor) -> tuple[int, int, bool]:
    return field.number, field.type, field.is_repeated


CONTRACT = Messages.found("xai-sdk-*.binpb", prefix="", requests=(), answers=())
"""What the provider publishes, where it is at hand."""
