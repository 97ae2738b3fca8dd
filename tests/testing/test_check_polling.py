"""The checks of polling and cancelling find the faults that they are there for, and say what to do about them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fakes.paper import (
    FAILED_WITH_RESULT,
    LATER,
    Broken,
    Client,
    PaperId,
    Status,
    cancel,
    explain,
    make,
    picture,
    poll,
    submit,
)
from fakes.planted_faults import Fault, planted
from mediasmith.plugin.contract import Accepted, Call, Cancellation, Context, Failed, Pending, Result
from mediasmith.plugin.errors import ProviderError


async def making_none(call: Call[Client, Any]) -> Result:
    return replace(await make(call), outputs=())


async def answering_once_only(context: Context[Client], handle: PaperId) -> Pending | Result | Failed:
    if handle.id in ASKED:
        raise ProviderError("It was collected already.")
    answer = await poll(context, handle)
    if isinstance(answer, Result):
        ASKED.append(handle.id)
    return answer


ASKED: list[str] = []


async def giving_up(context: Context[Client], handle: PaperId) -> Pending | Result | Failed:
    try:
        return await poll(context, handle)
    except (Status, Broken) as error:
        return Failed(error=explain(error) or ProviderError("Paper failed."))


async def giving_up_the_result(context: Context[Client], handle: PaperId) -> Pending | Result | Failed:
    answer = await poll(context, handle)
    if not isinstance(answer, Result):
        return answer
    try:
        await context.client.ask("GET", f"/jobs/{handle.id}/result")
    except Status as error:
        if error.args[0] == 422:
            return Failed(error=ProviderError("Paper could not draw it."))
        raise
    return answer


async def never_giving_up(context: Context[Client], handle: PaperId) -> Pending | Result | Failed:
    answer = await poll(context, handle)
    return Pending() if isinstance(answer, Failed) else answer


async def hoping(context: Context[Client], handle: PaperId) -> Pending | Result:
    answer = json.loads(await context.client.paper.ask("GET", f"/jobs/{handle.id}"))
    return picture() if answer.get("status") == "done" else Pending()


async def percenting(context: Context[Client], handle: PaperId) -> Pending | Result | Failed:
    answer = await poll(context, handle)
    return Pending(progress=50) if isinstance(answer, Pending) else answer


async def fetching(context: Context[Client], handle: PaperId) -> Pending | Result:
    answer = await context.client.ask("GET", f"/jobs/{handle.id}")
    if answer.get("status") != "done":
        return Pending()
    context.client.paper.fetch(answer["url"])
    return picture()


CLIENTS: list[Client] = []


async def submitting_for_this_client(call: Call[Client, Any]) -> Accepted:
    CLIENTS.append(call.client)
    return await submit(call)


async def knowing_its_client(context: Context[Client], handle: PaperId) -> Pending | Result | Failed:
    if not any(context.client is known for known in CLIENTS):
        raise ProviderError("This is no job of this client.")
    return await poll(context, handle)


async def always_stopped(context: Context[Client], handle: PaperId) -> Cancellation:
    await cancel(context, handle)
    return "stopped"


async def cancelling_in_vain(context: Context[Client], handle: PaperId) -> Cancellation:
    outcome = await cancel(context, handle)
    if outcome == "too late":
        raise ProviderError("Paper did not cancel it.")
    return outcome


async def cancelling_twice(context: Context[Client], handle: PaperId) -> Cancellation:
    await cancel(context, handle)
    return await cancel(context, handle)


HANDLE = "start answers with a handle exactly when there is a poll"
STOPPED = "a job is cancelled at the provider, once"
OUTCOMES = "a cancel says what the provider made of it"

OUTLIVES = "a job outlives the deadline and the process"
TROUBLE = "trouble while polling never ends the work"
VERDICT = "an answer that says the work failed ends it"
URLS = "a URL in an answer is left to the server"

UNKNOWN = "an unknown status is trouble, not progress"

FAULTS = {
    "no file": planted(HANDLE, "without a file", start=making_none),
    "a handle without poll": planted(HANDLE, "there is no poll", start=submit),
    "a poll without handles": planted(HANDLE, "leave it out", poll=poll, handle=PaperId),
    "work collected only once": planted(HANDLE, "cannot be polled again", of=LATER, poll=answering_once_only),
    "progress in per cent": planted(HANDLE, "progress is 50", of=LATER, poll=percenting),
    "a cancel that always says the same": planted(OUTCOMES, "means 'asked'", of=LATER, cancel=always_stopped),
    "a cancel that fails where it is too late": planted(
        OUTCOMES, "cancel raised ProviderError for", of=LATER, cancel=cancelling_in_vain
    ),
    "two cancels": planted(STOPPED, "cancel sent 2 requests", of=LATER, cancel=cancelling_twice),
    "a job known to one process only": planted(
        OUTLIVES, "after a restart", of=LATER, start=submitting_for_this_client, poll=knowing_its_client
    ),
    "a URL that it fetches itself": planted(URLS, "answer with Remote", of=LATER, poll=fetching),
    "a job given up at the first trouble": planted(
        TROUBLE, "a page with status 502 at request 1", of=LATER, poll=giving_up
    ),
    "a job given up at trouble of its second request": planted(
        TROUBLE, "status 422 and no words at request 2", of=LATER, poll=giving_up_the_result
    ),
    "a verdict of the second request that is ignored": Fault(
        check=VERDICT, says="did not answer Failed", of=LATER, rig={"failed": FAILED_WITH_RESULT}
    ),
    "a verdict that is ignored": planted(VERDICT, "did not answer Failed", of=LATER, poll=never_giving_up),
    "an unknown status taken for progress": planted(UNKNOWN, "not listed", of=LATER, poll=hoping),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_found(tmp_path: Path, fault: Fault) -> None:
    assert fault.says in fault.finding(tmp_path)
