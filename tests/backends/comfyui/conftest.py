"""One fake of ComfyUI for the folder, and the capabilities with models of it."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Generator
from dataclasses import replace
from typing import Any

import pytest

from fakes.comfyui import FakeComfyUI, running
from fakes.comfyui.workflows import WORKFLOWS, Making
from mediasmith.plugin.kinds import Kind
from mediasmith.testing import KEY, AdapterHarness, signed_in
from mediasmith_backends.comfyui import backend
from mediasmith_backends.comfyui.workflows import read_workflow


@pytest.fixture(scope="session")
def shared_fake() -> Generator[FakeComfyUI]:
    with running() as fake:
        yield fake


@pytest.fixture
def fake(shared_fake: FakeComfyUI) -> FakeComfyUI:
    shared_fake.reset()
    return shared_fake


@pytest.fixture(scope="module")
async def client(shared_fake: FakeComfyUI) -> AsyncGenerator[Any]:
    async with signed_in(backend, shared_fake.url, KEY) as harness:
        yield harness.client


@pytest.fixture
def making(fake: FakeComfyUI, client: Any) -> Making:
    def make(kind: Kind, **graphs: Any) -> AdapterHarness:
        found = {name: json.dumps(graph) for name, graph in (graphs or WORKFLOWS[kind]).items()}
        models = tuple(read_workflow(name, text)[1] for name, text in found.items())
        [capability] = [one for one in backend.capabilities if one.kind == kind]
        return AdapterHarness(backend, client, replace(capability, models=models))

    return make


@pytest.fixture
def image(making: Making) -> AdapterHarness:
    return making("image")
