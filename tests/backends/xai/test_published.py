"""The SDK's messages and methods are those that the provider publishes, where that is at hand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool

from fakes.xai.provider import ANSWERS
from fakes.xai.server import describe


@cache
def published() -> DescriptorPool:
    folder = os.environ.get("MEDIASMITH_TEST_SPECS")
    files = sorted(Path(folder).glob("xai-sdk-*.binpb")) if folder else []
    if not files:
        pytest.skip("MEDIASMITH_TEST_SPECS names no folder with xai-sdk-*.binpb")
    pool: Any = DescriptorPool()  # its types do not know all that it does
    for file in FileDescriptorSet.FromString(files[-1].read_bytes()).file:
        pool.Add(file)
    return pool


def differences(published: Descriptor, own: Descriptor, seen: set[str]) -> Iterator[str]:
    """Yield what a published message has that the SDK has not, or has otherwise; the SDK may have more."""
    if published.full_name in seen:
        return
    seen.add(published.full_name)
    for field in published.fields:
        place, mine = f"{published.full_name}.{field.name}", own.fields_by_name.get(field.name)
        if mine is None or form(field) != form(mine):
            yield place
        elif field.message_type and mine.message_type:
            yield from differences(field.message_type, mine.message_type, seen)
        elif field.enum_type and mine.enum_type:
            values = {(value.name, value.number) for value in field.enum_type.values}
            if values - {(value.name, value.number) for value in mine.enum_type.values}:
                yield place


def form(field: FieldDescriptor) -> tuple[int, int, bool]:
    return field.number, field.type, field.is_repeated


@pytest.mark.parametrize("name", ANSWERS)
def test_method_is_as_published(name: str) -> None:
    method, own = published().FindMethodByName(name[1:].replace("/", ".")), describe(name)
    assert (method.client_streaming, method.server_streaming) == (own.client_streaming, own.server_streaming)
    seen: set[str] = set()
    assert not list(differences(method.input_type, own.input_type, seen))
    assert not list(differences(method.output_type, own.output_type, seen))
    assert seen >= {own.input_type.full_name, own.output_type.full_name}
