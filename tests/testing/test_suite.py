"""The contract suite passes backends without fault, and each of its checks has a fault that it finds."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from fakes.paper import FAILED, FAILED_WITH_RESULT, LATER, NOW, WITH_RESULT, Client, Paper, backend, picture
from fakes.planted_faults import APART, LIGHT, SECONDS, WORDS, findings, rig
from mediasmith.plugin.access import Access
from mediasmith.plugin.contract import Call, Capability, Result
from mediasmith.testing import CHECKS, Answer, Rig, cases, png
from testing import test_check_answers as answers
from testing import test_check_credentials as credentials
from testing import test_check_declarations as declarations
from testing import test_check_failures as failures
from testing import test_check_files as files
from testing import test_check_parameters as parameters
from testing import test_check_polling as polling

FREE_LOOP = "the event loop stays free"
KEPT_BY_THE_SERVER = {
    "without a key, the error names the variables",
    "a word it does not take is refused, or left out with a warning",
    "a job that cannot be cancelled goes on and is collected",
}
"""The checks of what the server does, whatever the backend is like."""


@pytest.mark.parametrize(
    ("capability", "failed"),
    [(NOW, {}), (LATER, FAILED), (WITH_RESULT, FAILED_WITH_RESULT)],
    ids=["at once", "later", "later, by two requests"],
)
def test_a_backend_without_fault_passes_every_check(
    tmp_path: Path, capability: Capability[Client, Any], failed: Mapping[str, Answer | Sequence[Answer]]
) -> None:
    paper = Paper()
    assert not findings(tmp_path, replace(rig(paper, capability), failed=failed), paper)


async def draw(call: Call[None, Any]) -> Result:
    said = repr((call.prompt, call.params, [await image.read() for image in call.inputs.get("image", ())]))
    return picture(body=png(colour=hashlib.sha256(said.encode()).digest()[:3]), state=None)


async def draw_without_mood(call: Call[None, Any]) -> Result:
    return await draw(replace(call, params=call.params.model_copy(update={"mood": None})))


async def draw_by_chance(call: Call[None, Any]) -> Result:
    return picture(body=png(colour=os.urandom(3)), state=None)


async def draw_on_the_loop(call: Call[None, Any]) -> Result:
    threading.Event().wait(0.6)
    return await draw(call)


def sharing_a_drawing() -> Callable[[Call[None, Any]], Any]:
    last: list[Call[None, Any]] = []

    async def start(call: Call[None, Any]) -> Result:
        last.append(call)
        await anyio.lowlevel.checkpoint()
        return await draw(last[-1])

    return start


def nothing(_access: Access) -> AbstractAsyncContextManager[None]:
    return nullcontext()


def local(start: Callable[[Call[Any, Any]], Any]) -> Rig:
    capability: Capability[Any, Any] = replace(NOW, start=start)
    one = backend(Paper(), capability, keys=(), connect=nothing)
    return Rig(backend=one, seconds=SECONDS)


def test_a_backend_without_provider_and_without_fault_passes_every_check(tmp_path: Path) -> None:
    assert not findings(tmp_path, local(draw), None)


@pytest.mark.parametrize(
    ("check", "says", "start"),
    [
        (WORDS, "the same for mood 'wild' as for mood 'calm'", draw_without_mood),
        (WORDS, "two equal calls made different files", draw_by_chance),
        (APART, "local variables", sharing_a_drawing()),
        (FREE_LOOP, "kept the event loop", draw_on_the_loop),
    ],
    ids=["a parameter without effect", "chance", "state shared by calls", "work on the event loop"],
)
def test_a_fault_of_a_backend_without_provider_is_found(
    tmp_path: Path, check: str, says: str, start: Callable[[Call[Any, Any]], Any]
) -> None:
    assert says in findings(tmp_path, local(start), None, check)[check]


def test_every_check_has_a_fault_that_it_finds() -> None:
    areas = (answers, credentials, declarations, failures, files, parameters, polling)
    found = {fault.check for area in areas for fault in area.FAULTS.values()} | {LIGHT, FREE_LOOP}
    assert {check.name for check in CHECKS} - KEPT_BY_THE_SERVER == found


def test_what_functions_do_is_checked_once_for_all_capabilities_that_share_them() -> None:
    paper = Paper()
    alike, other = replace(LATER, name="alike", start=partial(LATER.start)), replace(NOW, name="other")
    several = rig(paper, LATER)
    several = replace(several, backend=replace(several.backend, capabilities=(LATER, alike, other)))
    tried: dict[str, list[str]] = {}
    for case in cases(several):
        tried.setdefault(case.check.name, []).append(case.capability.name)
    assert tried["it is well formed"] == [LATER.name]
    assert tried["the key shows up nowhere"] == [LATER.name, "other"]
    assert tried[WORDS] == [LATER.name, "alike", "other"]
