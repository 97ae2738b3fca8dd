"""The checks of what answers say find the faults that they are there for, and say what to do about them."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from fakes.paper import Client, Status, body_of, explain, make, picture
from fakes.planted_faults import Fault, planted
from mediasmith.plugin.contract import Call, Result
from mediasmith.plugin.errors import MediaError, ProviderError


def missing_details(error: Exception) -> MediaError | None:
    known = explain(error)
    if isinstance(error, Status) and known and b"detail" in error.args[1]:
        known.message = "Paper failed."
    return known


async def decoding(call: Call[Client, Any]) -> Result:
    answer = await call.client.ask("POST", "/make", await body_of(call))
    try:
        return picture(body=base64.b64decode(answer["image"], validate=True))
    except ValueError as error:
        raise ProviderError("Paper's picture cannot be read.") from error


async def throwing_answers_away(call: Call[Client, Any]) -> Result:
    try:
        return await make(call)
    except ProviderError as error:
        raise ProviderError(error.message) from error


TOLD = "the provider's own words are in the error"
SPELLINGS = "a file is read in any spelling of base64"
KEPT = "an answer that cannot be read is kept"

FAULTS = {
    "the provider's words are lost": Fault(check=TOLD, says="says why in detail", backend={"explain": missing_details}),
    "one spelling alone": planted(SPELLINGS, "whose base64 is without padding raised ProviderError", start=decoding),
    "an answer thrown away": planted(KEPT, "raise malformed(name, body)", start=throwing_answers_away),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_found(tmp_path: Path, fault: Fault) -> None:
    assert fault.says in fault.finding(tmp_path)
