"""What OpenRouter's errors mean, beside a status and within an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from fakes.openrouter import FakeOpenRouter
from mediasmith.plugin.errors import (
    InvalidRequest,
    MediaError,
    ModelGone,
    NotPermitted,
    OutOfCredit,
    Overloaded,
    ProviderError,
    RateLimited,
    Refused,
    TimedOut,
    Unsuitable,
)
from mediasmith.testing import AdapterHarness

SPEAK = "POST /api/v1/audio/speech"


def error(code: object, metadata: Mapping[str, object] | None = None, **more: object) -> dict[str, Any]:
    return {"error": {"code": code, "message": "Words of OpenRouter's.", "metadata": metadata or {}, **more}}


def typed(name: str) -> dict[str, str]:
    return {"error_type": name}


def unavailable(code: str) -> dict[str, Any]:
    return error(404, availability={"code": code, "retryable": False})


IN_FLIGHT = {"limit_source": "openrouter_in_flight_budget"}

ERRORS: Mapping[str, tuple[int, object, type[MediaError], str | None]] = {
    "flagged": (403, error(403, {"reasons": ["violence", "hate"], "flagged_input": "a"}), Refused, "no"),
    "guarded": (403, error(403, {"patterns": ["ignore all"]}), Refused, "no"),
    "policy": (400, error(400, typed("content_policy_violation")), Refused, None),
    "refused": (400, error(400, typed("refusal")), Refused, None),
    "not allowed": (403, error(403), NotPermitted, "no"),
    "no region": (403, unavailable("region_restricted"), Unsuitable, "no"),
    "no credit": (402, error(402), OutOfCredit, "no"),
    "no credit, as text": (402, error("402"), OutOfCredit, "no"),
    "key spent": (403, error(403, {"limit_source": "openrouter_key_limit"}), OutOfCredit, "no"),
    "budget spent": (403, error(403, {"limit_source": "openrouter_guardrail_budget"}), OutOfCredit, "no"),
    "too much in flight": (402, error(402, IN_FLIGHT), RateLimited, "no"),
    "too many": (429, error(429), RateLimited, "no"),
    "gone": (404, error(404), ModelGone, "no"),
    "never there": (400, unavailable("model_not_found"), ModelGone, "no"),
    "another route": (400, unavailable("wrong_endpoint"), Unsuitable, "no"),
    "private": (404, unavailable("privacy_restricted"), Unsuitable, "no"),
    "wrong": (400, error(400), InvalidRequest, "no"),
    "too large": (413, error(413), InvalidRequest, "no"),
    "broken": (502, error(502), ProviderError, None),
    "overloaded": (503, error(503), Overloaded, "no"),
    "overloaded behind": (529, error(529), ProviderError, None),
    "too slow": (504, error(504), TimedOut, None),
    "another shape": (400, {"error": "no"}, InvalidRequest, "no"),
    "odd parts": (400, error([], availability=7), InvalidRequest, "no"),
    "not an object": (502, ["no"], ProviderError, None),
}


@pytest.mark.parametrize("case", ERRORS)
async def test_an_error_is_known_by_what_is_beside_its_status_and_the_request_is_sent_once(
    fake: FakeOpenRouter, speech: AdapterHarness, case: str
) -> None:
    status, body, kind, billed = ERRORS[case]
    fake.script(SPEAK, {"status": status, "headers": {"retry-after": "20"}, "body": body, "times": 5})
    found = await speech.failure_of()
    assert (type(found), found.billed) == (kind, billed)
    assert getattr(found, "retry_after", 20.0) == 20.0
    assert fake.paid() == 1


WITHIN: Mapping[str, tuple[object, type[MediaError], str | None]] = {
    "a number": (error(402), OutOfCredit, "no"),
    "a text": (error("402"), OutOfCredit, "no"),
    "a fraction": (error(429.0), RateLimited, None),
    "overloaded": (error(503), Overloaded, None),
    "flagged": (error(403, {"reasons": ["hate"]}), Refused, "no"),
    "behind": (error(502, typed("provider_unavailable")), ProviderError, None),
    "a word": (error("server_error"), ProviderError, None),
    "none": (error(None), ProviderError, None),
    "a truth": (error(True), ProviderError, None),
    "too large": (error(10**400), ProviderError, None),
    "out of range": (error(200), ProviderError, None),
}


@pytest.mark.parametrize("case", WITHIN)
async def test_an_error_within_an_answer_means_what_its_status_would(
    fake: FakeOpenRouter, speech: AdapterHarness, case: str
) -> None:
    body, kind, billed = WITHIN[case]
    fake.script(SPEAK, {"status": 200, "body": body, "times": 5})
    found = await speech.failure_of()
    assert (type(found), found.billed) == (kind, billed)
    assert "Words of OpenRouter's" in found.message
    assert fake.paid() == 1


async def test_a_refusal_says_why(fake: FakeOpenRouter, speech: AdapterHarness) -> None:
    fake.script(SPEAK, {"status": 403, "body": error(403, {"reasons": ["violence", "hate"]})})
    found = await speech.failure_of()
    assert isinstance(found, Refused)
    assert found.reason == "violence, hate"
