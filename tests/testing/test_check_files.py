"""The checks of files and state find the faults that they are there for, and say what to do about them."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Generator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from anyio import to_thread

from fakes.paper import NOW, Client, Paper, PaperId, PaperParams, Status, make, picture
from fakes.planted_faults import APART, TYPES, Fault, findings, planted, rig
from mediasmith.plugin.contract import Call, Capability, Result
from mediasmith.plugin.params import Count
from mediasmith.testing import png


async def paying_twice(call: Call[Client, Any]) -> Result:
    await make(call)
    return await make(call)


async def forgetting_a_sink(call: Call[Client, Any]) -> Result:
    await call.file("image/png").write(png())
    return await make(call)


async def making_two(call: Call[Client, Any]) -> Result:
    made = await make(call)
    return replace(made, outputs=made.outputs * 2)


class Many(PaperParams):
    n: Count = 1


async def making_many(call: Call[Client, Any]) -> Result:
    made = await make(call)
    return replace(made, outputs=made.outputs * call.params.n)


async def leaving_a_file(call: Call[Client, Any]) -> Result:
    made = await make(call)
    await to_thread.run_sync(partial(tempfile.mkstemp, suffix=".png"))
    return made


async def leaving_a_file_when_it_fails(call: Call[Client, Any]) -> Result:
    try:
        return await make(call)
    except Status:
        await to_thread.run_sync(Path("left.txt").write_bytes, b"")
        raise


async def printing(call: Call[Client, Any]) -> Result:
    print("making")
    return await make(call)


async def keeping_what_is_no_json(call: Call[Client, Any]) -> Result:
    await make(call)
    return picture(state=PaperId(id="1", beside=object()))


async def keeping_a_tuple(call: Call[Client, Any]) -> Result:
    await make(call)
    return picture(state=PaperId(id="1", beside=("a", "b")))


async def keeping_a_dict(call: Call[Client, Any]) -> Result:
    await make(call)
    kept: Any = {"id": "1"}
    return picture(state=kept)


async def keeping_too_much(call: Call[Client, Any]) -> Result:
    await make(call)
    return picture(state=PaperId(id="1", beside="x" * 70_000))


async def continuing_nothing(call: Call[Client, Any]) -> Result:
    return await make(replace(call, state=None, inputs={}))


async def claiming_jpeg(call: Call[Client, Any]) -> Result:
    await make(call)
    return picture(mime="image/jpeg")


def sharing() -> Callable[[Call[Client, Any]], Any]:
    """A start that keeps its call where the next one finds it."""
    last: list[Call[Client, Any]] = []

    async def start(call: Call[Client, Any]) -> Result:
        last.append(call)
        await anyio.lowlevel.checkpoint()
        return await make(last[-1])

    return start


async def sleeping(call: Call[Client, Any]) -> Result:
    made = await make(call)
    FREE.wait()
    return made


FREE = threading.Event()
"""Set at the end: what blocks on purpose then ends."""


@pytest.fixture(autouse=True, scope="module")
def freed() -> Generator[None]:
    yield
    FREE.set()


ONE = "one call is one paying request and one file"
SEVERAL = "as many files come as are asked for"
STATE = "state survives JSON, and an edit continues from it"
TIDY = "it prints nothing and leaves nothing on the disk"

FAULTS = {
    "one file where two are due": planted(SEVERAL, "1 files came", params=Many),
    "two paying requests": planted(ONE, "2 paying requests", start=paying_twice),
    "two files where one is due": planted(ONE, "2 files", start=making_two),
    "a wrong type": planted(TYPES, "says it is image/jpeg, but", start=claiming_jpeg),
    "state that is no JSON": planted(STATE, "no JSON", start=keeping_what_is_no_json),
    "state that JSON changes": planted(STATE, "changes on its way", start=keeping_a_tuple),
    "state that is no model": planted(STATE, "not a model", start=keeping_a_dict),
    "state that is too large": planted(STATE, "at most 65,536", start=keeping_too_much),
    "an edit that continues nothing": planted(STATE, "neither state nor the saved file", start=continuing_nothing),
    "state without a role for edits": planted(STATE, "no edits role", edits=None),
    "a file left behind": planted(TIDY, "behind", start=leaving_a_file),
    "a file left behind by a failure": planted(TIDY, "left.txt", start=leaving_a_file_when_it_fails),
    "printing": planted(TIDY, "it printed 'making", start=printing),
    "state shared by calls": planted(APART, "local variables", start=sharing()),
    "blocking for ever": planted(ONE, "blocks the event loop", start=sleeping),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_found(tmp_path: Path, fault: Fault) -> None:
    assert fault.says in fault.finding(tmp_path)


@pytest.mark.parametrize(
    ("check", "capability"),
    [
        (ONE, replace(NOW, start=forgetting_a_sink)),
        (SEVERAL, replace(NOW, params=Many, start=making_many)),
    ],
    ids=["a sink that is not returned", "two files"],
)
def test_what_is_no_fault_passes(tmp_path: Path, check: str, capability: Capability[Client, Any]) -> None:
    paper = Paper()
    assert not findings(tmp_path, rig(paper, capability), paper, check)
