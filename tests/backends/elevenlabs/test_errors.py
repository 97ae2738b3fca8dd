"""What the errors of ElevenLabs mean."""

from __future__ import annotations

import json
from collections.abc import Mapping

import httpx
import pytest
from elevenlabs.core.api_error import ApiError
from elevenlabs.core.parse_error import ParsingError
from pydantic import ValidationError

from mediasmith.plugin.errors import (
    InvalidRequest,
    MediaError,
    Misconfigured,
    MissingKey,
    ModelGone,
    NotPermitted,
    OutOfCredit,
    ProviderError,
    RateLimited,
    Refused,
    TimedOut,
    Unreachable,
    Unsuitable,
)
from mediasmith_backends.elevenlabs.errors import explain

Json = Mapping[str, object]


def explained(status: int, body: object, **headers: str) -> MediaError:
    error = explain(ApiError(status_code=status, headers=headers, body=body))
    assert error
    return error


def detail(code: str, **more: object) -> Json:
    return {"detail": {"status": code, "code": code, "message": "So it is.", **more}}


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "invalid_api_key", MissingKey),
        (401, "needs_authorization", MissingKey),
        (401, "missing_permissions", NotPermitted),
        (401, "quota_exceeded", OutOfCredit),
        (402, "payment_required", OutOfCredit),
        (429, "too_many_concurrent_requests", RateLimited),
        (429, "concurrent_limit_exceeded", RateLimited),
        (400, "voice_not_found", Unsuitable),
        (404, "voice_not_found", Unsuitable),
        (403, "output_format_not_allowed", NotPermitted),
        (400, "voice_limit_reached", NotPermitted),
        (400, "model_not_found", ModelGone),
        (404, "song_not_found", InvalidRequest),
        (400, "bad_prompt", Refused),
        (400, "content_against_policy", Refused),
        (400, "max_character_limit_exceeded", InvalidRequest),
        (403, "something_new", NotPermitted),
        (429, "something_new", RateLimited),
        (404, "something_new", ModelGone),
    ],
)
def test_a_declined_request_is_explained_by_its_code_and_cost_nothing(
    status: int, code: str, kind: type[MediaError]
) -> None:
    error = explained(status, detail(code))
    assert type(error) is kind
    assert error.billed == "no"
    assert "So it is" in error.message


@pytest.mark.parametrize(
    ("codes", "kind"),
    [
        ({"code": "quota_exceeded"}, OutOfCredit),
        ({"code": "unauthorized", "status": "missing_permissions"}, NotPermitted),
        ({"code": "paid_plan_required", "status": "payment_required"}, NotPermitted),
    ],
    ids=str,
)
def test_the_more_specific_of_two_codes_counts(codes: Json, kind: type[MediaError]) -> None:
    assert type(explained(401, {"detail": {**codes, "message": "Not for you."}})) is kind


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"detail": "Not like this."}, "Not like this"),
        ({"detail": {"message": "Odd.", "fields": None}}, "Odd"),
        ({"detail": {"message": "Odd.", "fields": ["model_id"]}}, "Odd"),
        ({"detail": [{"loc": ["body", "text"], "msg": "field required", "type": "missing"}]}, "text: field required"),
        ({"detail": [{"loc": "model_id", "msg": "odd"}, None]}, "odd"),
        ({"detail": []}, "(422)"),
        ("<html>", "(422)"),
        (None, "(422)"),
        ([], "(422)"),
    ],
    ids=str,
)
def test_every_form_of_complaint_is_read(body: object, words: str) -> None:
    error = explained(422, body)
    assert isinstance(error, InvalidRequest)
    assert words in error.message


def test_a_model_that_is_no_longer_a_valid_value_is_gone() -> None:
    error = explained(422, {"detail": [{"loc": ["body", "model_id"], "msg": "Input should be 'new'", "type": "enum"}]})
    assert isinstance(error, ModelGone)
    assert "Input should be 'new'" in error.message
    assert error.billed == "no"


def test_a_suggested_prompt_is_passed_on() -> None:
    error = explained(400, detail("bad_prompt", data={"prompt_suggestion": "a song of one's own"}))
    assert isinstance(error, Refused)
    assert "suggests: a song of one's own" in str(error)
    assert error.reason == "bad_prompt"


def test_a_suggested_plan_can_be_sent_as_it_is() -> None:
    plan = {"chunks": [{"text": "Für dich", "positive_styles": ["folk"], "conditioning_ref": None}, {"text": "la"}]}
    hint = explained(400, detail("bad_composition_plan", data={"composition_plan_suggestion": plan})).hint
    suggestion = json.loads(hint.partition("suggests: ")[2])
    assert suggestion == {"chunks": [{"text": "Für dich", "positive_styles": ["folk"]}, {"text": "la"}]}
    assert "Für" in hint


@pytest.mark.parametrize(("words", "last"), [("guitar " * 400, "guitar"), ("海" * 2500, "海" * 2000)], ids=len)
def test_a_long_suggestion_is_cut_after_a_word(words: str, last: str) -> None:
    hint = explained(400, detail("bad_prompt", data={"prompt_suggestion": words})).hint
    suggestion, _, rest = hint.partition("suggests: ")[2].partition(" … ")
    assert suggestion.split(" ")[-1] == last
    assert len(suggestion) <= 2000
    assert f"{len(words):,} characters" in rest


def test_the_providers_pause_is_passed_on() -> None:
    error = explained(429, detail("system_busy"), **{"retry-after": "7"})
    assert isinstance(error, RateLimited)
    assert error.retry_after == 7.0


@pytest.mark.parametrize(
    "error",
    [
        ApiError(status_code=200, body="no audio"),
        ParsingError(status_code=200),
        ValidationError.from_exception_data("Voice", []),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_success_that_cannot_be_read_may_have_been_billed(error: Exception) -> None:
    found = explain(error)
    assert isinstance(found, ProviderError)
    assert found.billed is None


@pytest.mark.parametrize(
    ("error", "kind", "billed"),
    [
        (httpx.ConnectError("no"), Unreachable, "no"),
        (httpx.InvalidURL("no"), Misconfigured, "no"),
        (httpx.ReadTimeout("no"), TimedOut, None),
        (httpx.ReadError("no"), Unreachable, None),
        (httpx.DecodingError("no"), ProviderError, None),
    ],
    ids=repr,
)
def test_an_error_of_the_connection_is_explained(error: Exception, kind: type[MediaError], billed: str | None) -> None:
    found = explain(error)
    assert isinstance(found, kind)
    assert found.billed == billed


def test_other_exceptions_are_not_explained() -> None:
    assert explain(ValueError("no")) is None
