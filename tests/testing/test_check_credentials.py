"""The checks of keys find the faults that they are there for, and say what to do about them."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from fakes.paper import LATER, Client, PaperId, Status, body_of, explain, make, picture, submit
from fakes.planted_faults import Fault, planted
from mediasmith.plugin.contract import Accepted, Call, Remote, Result
from mediasmith.plugin.errors import MediaError, ProviderError


async def fetching_with_the_key(call: Call[Client, Any]) -> Result:
    answer = await call.client.ask("POST", "/make", await body_of(call))
    call.client.paper.fetch(answer["url"], call.client.access.key)
    return picture()


async def having_the_server_send_the_key(call: Call[Client, Any]) -> Result:
    answer = await call.client.ask("POST", "/make", await body_of(call))
    return picture(body=Remote(url=answer["url"], headers={"authorization": call.client.access.key}))


async def telling_the_key(call: Call[Client, Any]) -> Result:
    try:
        return await make(call)
    except Status as error:
        raise ProviderError(f"Paper refused the key ...{call.client.access.key[-8:]}.") from error


async def logging_the_key(call: Call[Client, Any]) -> Result:
    logging.getLogger("paper").info("authorization: Bearer %s", call.client.access.key)
    return await make(call)


async def keeping_the_key(call: Call[Client, Any]) -> Result:
    await make(call)
    return picture(state=PaperId(id="1", beside=call.client.access.key))


async def handing_the_key(call: Call[Client, Any]) -> Accepted:
    accepted: Any = await submit(call)
    return Accepted(handle=PaperId(id=accepted.handle.id, beside=call.client.access.key))


def failing_to_explain(error: Exception) -> MediaError | None:
    if isinstance(error, Status):
        raise KeyError(error.args[0])
    return explain(error)


HIDDEN = "the key shows up nowhere"
ELSEWHERE = "the key goes to no other host"

FAULTS = {
    "a key in an error": planted(HIDDEN, "in an error's message, in part", start=telling_the_key),
    "an optional key in an error": Fault(
        check=HIDDEN,
        says="in an error's message, in part",
        capability={"start": telling_the_key},
        backend={"key_optional": True},
    ),
    "a key in the log": planted(HIDDEN, "in the log, whole", start=logging_the_key),
    "a key kept with a file": planted(HIDDEN, "in a handle, state", start=keeping_the_key),
    "a key in a handle": planted(HIDDEN, "in a handle, state", of=LATER, start=handing_the_key),
    "a key that follows a URL": planted(ELSEWHERE, "sent the key to another host", start=fetching_with_the_key),
    "a key for a download elsewhere": planted(ELSEWHERE, "Remote has the key", start=having_the_server_send_the_key),
    "an error in explain": Fault(check=HIDDEN, says="explain raised KeyError", backend={"explain": failing_to_explain}),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_found(tmp_path: Path, fault: Fault) -> None:
    assert fault.says in fault.finding(tmp_path)
