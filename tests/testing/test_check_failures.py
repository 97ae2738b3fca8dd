"""The checks of failures find the faults that they are there for, and say what to do about them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
import pytest

from fakes.paper import Broken, Client, Nowhere, PaperId, Status, body_of, explain, make, picture
from fakes.planted_faults import Fault, planted
from mediasmith.plugin.contract import Call, Result
from mediasmith.plugin.errors import MediaError, ProviderError


async def trying_again(call: Call[Client, Any]) -> Result:
    try:
        return await make(call)
    except Status:
        return await make(call)


async def trying_again_when_broken(call: Call[Client, Any]) -> Result:
    try:
        return await make(call)
    except Broken:
        return await make(call)


def explaining_nothing_broken(error: Exception) -> MediaError | None:
    return None if isinstance(error, Broken) else explain(error)


def explaining_all_alike(error: Exception) -> MediaError | None:
    return ProviderError("Paper failed.") if isinstance(error, Status) else explain(error)


def explaining_with_a_traceback(error: Exception) -> MediaError | None:
    return ProviderError(f"Paper failed: {error!r}") if isinstance(error, Broken) else explain(error)


def explaining_all_as_free(error: Exception) -> MediaError | None:
    known = explain(error)
    if known:
        known.billed = "no"
    return known


def explaining_nowhere_as_trouble(error: Exception) -> MediaError | None:
    return ProviderError("Paper failed.") if isinstance(error, Nowhere) else explain(error)


async def believing_answers(call: Call[Client, Any]) -> Result:
    answer = json.loads(await call.client.paper.ask("POST", "/make", await body_of(call)))
    return picture(state=PaperId(id=answer["id"]))


async def taking_anything(call: Call[Client, Any]) -> Result:
    await call.client.paper.ask("POST", "/make", await body_of(call))
    return picture()


async def holding_on(call: Call[Client, Any]) -> Result:
    made: list[Result] = []
    with anyio.CancelScope(shield=True):
        made.append(await make(call))
    return made[0]


STATUS = "every status becomes its error, and is paid for at most once"

MALFORMED = "a malformed answer is an error"
BROKEN = "a broken connection is an error, and never paid for twice"
NOWHERE = "a provider that cannot be reached costs nothing"
SILENT = "a provider that falls silent is left at the deadline"
CANCELLED = "a cancelled call leaves nothing behind"

FAULTS = {
    "a second try after an error": planted(STATUS, "2 paying requests", start=trying_again),
    "an error that is always free": Fault(check=BROKEN, says="billed", backend={"explain": explaining_all_as_free}),
    "a second try after a break": planted(BROKEN, "2 paying requests", start=trying_again_when_broken),
    "all errors alike": Fault(check=STATUS, says="make it MissingKey", backend={"explain": explaining_all_alike}),
    "a broken connection unexplained": Fault(
        check=BROKEN, says="raised Broken, which explain", backend={"explain": explaining_nothing_broken}
    ),
    "a repr in a message": Fault(
        check=BROKEN, says="is for programmers", backend={"explain": explaining_with_a_traceback}
    ),
    "not reachable, but billed": Fault(
        check=NOWHERE, says="Unreachable(billed='no')", backend={"explain": explaining_nowhere_as_trouble}
    ),
    "an exception for a malformed answer": planted(
        MALFORMED, "raised JSONDecodeError, which explain", start=believing_answers
    ),
    "a malformed answer taken for success": planted(MALFORMED, "counts as a success", start=taking_anything),
    "cancellation held off at the deadline": planted(SILENT, "swallows cancellation", start=holding_on),
    "cancellation held off": planted(CANCELLED, "swallows cancellation", start=holding_on),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_found(tmp_path: Path, fault: Fault) -> None:
    assert fault.says in fault.finding(tmp_path)
