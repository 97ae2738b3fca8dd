"""What OpenAI's errors mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from openai import OpenAIError

from fakes.openai import FakeOpenAI
from mediasmith.plugin.errors import (
    InvalidRequest,
    MediaError,
    MissingKey,
    ModelGone,
    NotPermitted,
    OutOfCredit,
    Overloaded,
    ProviderError,
    RateLimited,
    Refused,
    StateGone,
    TimedOut,
    Unreachable,
)
from mediasmith.testing import AdapterHarness
from mediasmith_backends.openai import backend

SPEAK = "POST /v1/audio/speech"


def error(code: Any = None, **more: Any) -> dict[str, Any]:
    return {
        "error": {"message": "Words of OpenAI's.", "type": "invalid_request_error", "param": None, **more, "code": code}
    }


ERRORS: Mapping[str, tuple[int, Any, type[MediaError], str | None]] = {
    "moderation": (400, error("moderation_blocked"), Refused, None),
    "content policy": (400, error("content_policy_violation"), Refused, None),
    "image policy": (400, error("image_content_policy_violation"), Refused, None),
    "no quota": (429, error("insufficient_quota"), OutOfCredit, "no"),
    "hard limit": (400, error("billing_hard_limit_reached"), OutOfCredit, "no"),
    "too many": (429, error("rate_limit_exceeded"), RateLimited, "no"),
    "no such model": (404, error("model_not_found"), ModelGone, "no"),
    "model denied": (403, error("model_not_found"), ModelGone, "no"),
    "not allowed": (403, error("unsupported_country"), NotPermitted, "no"),
    "no conversation": (400, error("previous_response_not_found"), StateGone, "no"),
    "key": (401, error("invalid_api_key"), MissingKey, "no"),
    "parameter": (400, error("unknown_parameter"), InvalidRequest, "no"),
    "a number as code": (400, error(7), InvalidRequest, "no"),
    "broken": (500, error("server_error"), ProviderError, None),
    "overloaded": (503, error(), Overloaded, "no"),
    "too slow": (504, error(), TimedOut, None),
    "a gateway's form": (422, {"detail": [{"msg": "no"}]}, InvalidRequest, "no"),
    "not an object": (502, ["no"], ProviderError, None),
}


@pytest.mark.parametrize("case", ERRORS)
async def test_an_error_is_known_by_its_code_then_its_status_and_the_request_is_sent_once(
    fake: FakeOpenAI, speech: AdapterHarness, case: str
) -> None:
    status, body, kind, billed = ERRORS[case]
    fake.script(SPEAK, {"status": status, "body": body, "headers": {"retry-after": "20"}, "times": 5})
    found = await speech.failure_of()
    assert (type(found), found.billed) == (kind, billed)
    assert getattr(found, "retry_after", 20.0) == 20.0
    assert fake.counts() == {SPEAK: 1}


@pytest.mark.parametrize(("stage", "billed"), [("input", "no"), ("output", None)])
async def test_a_refusal_says_why_and_whether_anything_was_made(
    fake: FakeOpenAI, speech: AdapterHarness, stage: str, billed: str | None
) -> None:
    details = {"categories": ["violence", "self-harm"], "moderation_stage": stage}
    fake.script(SPEAK, {"status": 400, "body": error("moderation_blocked", moderation_details=details)})
    found = await speech.failure_of()
    assert isinstance(found, Refused)
    assert (found.reason, found.billed) == ("violence, self-harm", billed)
    assert "Words of OpenAI's" in found.message


@pytest.mark.parametrize("code", ["moderation_blocked", None])
async def test_the_providers_words_are_cut_short(fake: FakeOpenAI, speech: AdapterHarness, code: str | None) -> None:
    fake.script(SPEAK, {"status": 400, "body": {"error": {"message": "long " * 1000, "code": code}}})
    assert len((await speech.failure_of()).message) < 400


@pytest.mark.parametrize("fault", ["reset", "garbage", "truncate"])
async def test_a_broken_connection_may_have_cost_something(
    fake: FakeOpenAI, speech: AdapterHarness, fault: str
) -> None:
    fake.script(SPEAK, {fault: True, "times": 5})
    found = await speech.failure_of()
    assert (type(found), found.billed) == (Unreachable, None)
    assert fake.counts() == {SPEAK: 1}


def test_an_exception_is_explained_where_it_comes_from_the_sdk() -> None:
    assert isinstance(backend.explain(OpenAIError("x")), ProviderError)
    assert backend.explain(KeyError("x")) is None
