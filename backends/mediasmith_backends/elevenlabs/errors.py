"""Map exceptions of the SDK to the errors that callers see, by status, code and type, never by message text."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import anyio
from pydantic import ValidationError

from mediasmith.plugin.error_words import clause, error_text
from mediasmith.plugin.errors import (
    InvalidRequest,
    MediaError,
    MissingKey,
    ModelGone,
    NotPermitted,
    OutOfCredit,
    RateLimited,
    Refused,
    TimedOut,
    Unsuitable,
)
from mediasmith.plugin.http_errors import blocked_by_page, error_for_status, malformed, retry_after, transport_error
from mediasmith_backends.elevenlabs.client import KEYS, TITLE

VOICE_NOT_FOUND = frozenset({"voice_not_found", "voice_does_not_exist"})
"""The codes for a voice that does not exist, or not for this account."""

_BAD_KEY = {"invalid_api_key", "needs_authorization", "missing_api_key"}
_NO_CREDIT = {"quota_exceeded", "insufficient_credits", "payment_issue", "payment_required"}
_RATE_LIMITED = {
    *("too_many_concurrent_requests", "concurrent_limit_exceeded", "rate_limit_exceeded"),
    *("system_busy", "rate_limited", "too_many_requests"),
}
_NOT_FOR_THIS_ACCOUNT = {
    *("missing_permissions", "insufficient_permissions", "detected_unusual_activity", "only_for_creator+"),
    *("output_format_not_allowed", "subscription_required", "feature_unavailable", "voice_limit_reached"),
    *("can_not_use_instant_voice_cloning", "free_users_not_allowed", "paid_plan_required"),
}
_NO_MODEL = {"model_not_found", "model_deprecated", "model_not_available"}
_NO_SONG = "song_not_found"
_REFUSALS = {
    *("bad_prompt", "bad_composition_plan", "content_against_policy", "content_policy_violation"),
    *("moderation_blocked", "detected_harmful_content", "unsafe_content"),
}
_LONGEST_SUGGESTION = 2000  # characters


def explain(error: Exception) -> MediaError | None:
    """Return what an exception of the SDK, or of the HTTP client below it, means; None for any other."""
    if isinstance(error, ValidationError):
        return malformed(TITLE)
    if type(error).__module__.startswith("elevenlabs."):
        return _explain_sdk_error(error)
    return transport_error(error, TITLE)


@contextmanager
def time_limit(seconds: float) -> Generator[None]:
    """Raise `TimedOut` unless the whole answer that this block waits for has come by then.

    The HTTP client limits only the time between two chunks.
    """
    try:
        with anyio.fail_after(seconds):
            yield
    except TimeoutError as error:
        raise TimedOut(f"{TITLE} did not send a complete answer within {seconds / 60:.3g} minutes.") from error


def error_code(error: Exception) -> str:
    """Return the provider's code for an error, or ""."""
    detail = _detail(error)
    return str(detail.get("status") or detail.get("code") or "")


def require_text(value: object) -> str:
    """Return a text that an answer must hold; the SDK does not check its answers.

    Raises:
        ProviderError: it is missing or empty.
    """
    if isinstance(value, str) and value:
        return value
    raise malformed(TITLE)


def _explain_sdk_error(error: Exception) -> MediaError:
    status: object = getattr(error, "status_code", None)
    if not isinstance(status, int) or status < 300:  # noqa: PLR2004 - a success that cannot be read
        return malformed(TITLE, getattr(error, "body", None))
    detail = _detail(error)
    message = error_text(getattr(error, "body", None))
    pause = retry_after(getattr(error, "headers", None) or {})
    for code in (detail.get("code"), detail.get("status")):  # either one can be the more specific
        if known := _error_for_code(str(code), message, detail, pause):
            return known
    if _names_model(error):
        return _model_gone(message)
    blocked = blocked_by_page(status, TITLE, getattr(error, "body", None))
    return blocked or error_for_status(status, TITLE, keys=KEYS, detail=message, retry_after=pause)


def _error_for_code(code: str, message: str, detail: Mapping[str, Any], pause: float | None) -> MediaError | None:
    """Return what a code means, or None for one that says no more than the status."""
    found: MediaError | None = None
    if code in _BAD_KEY:
        found = MissingKey(TITLE, KEYS, rejected=True, words=clause(message))
    elif code in _NO_CREDIT:
        found = OutOfCredit(f"The account at {TITLE} has no credit left{clause(message)}.")
    elif code in _RATE_LIMITED:
        found = RateLimited(f"{TITLE} has received too many requests{clause(message)}.", retry_after=pause)
    elif code in VOICE_NOT_FOUND:
        found = Unsuitable(f"{TITLE} does not have this voice{clause(message)}.", billed="no")
    elif code in _NOT_FOR_THIS_ACCOUNT:
        found = NotPermitted(f"{TITLE} does not allow this account to do that{clause(message)}.")
    elif code in _NO_MODEL:
        found = _model_gone(message)
    elif code == _NO_SONG:
        found = InvalidRequest(f"{TITLE} does not have this song, or did not keep it{clause(message)}.", billed="no")
    elif code in _REFUSALS:
        found = Refused(f"{TITLE} declined to make this{clause(message)}.", _advice(detail), reason=code, billed="no")
    return found


def _model_gone(message: str) -> ModelGone:
    return ModelGone(f"{TITLE} does not serve this model, or not to this account{clause(message)}.")


def _body(error: Exception) -> Mapping[str, object]:
    body: object = getattr(error, "body", None)
    return cast("Mapping[str, object]", body) if isinstance(body, Mapping) else {}


def _detail(error: Exception) -> Mapping[str, Any]:
    """Return the `detail` of an error answer where it is an object, with the provider's codes."""
    detail = _body(error).get("detail")
    return cast("Mapping[str, Any]", detail) if isinstance(detail, Mapping) else {}


def _names_model(error: Exception) -> bool:
    """Return whether the answer's list of invalid fields contains the model."""
    complaints = _body(error).get("detail")
    locations = (
        cast("Mapping[str, object]", complaint).get("loc")
        for complaint in (cast("list[object]", complaints) if isinstance(complaints, list) else ())
        if isinstance(complaint, Mapping)
    )
    return any(isinstance(location, list) and location[-1:] == ["model_id"] for location in locations)


def _advice(detail: Mapping[str, Any]) -> str:
    """Return what to do about a refusal: send the provider's own suggestion where it made one."""
    data: object = detail.get("data")
    suggestions: Mapping[str, object] = cast("Mapping[str, object]", data) if isinstance(data, Mapping) else {}
    for name in ("prompt_suggestion", "composition_plan_suggestion"):
        if suggestions.get(name):
            return f"{TITLE} suggests: {_suggestion(suggestions[name])}"
    return "Ask for something else, or word it differently."


def _suggestion(suggestion: object) -> str:
    """Return a suggestion as text that can be sent as it is; a long one is cut after a word."""
    text = suggestion
    if not isinstance(text, str):
        text = json.dumps(_without_null(suggestion), ensure_ascii=False)
    if len(text) <= _LONGEST_SUGGESTION:
        return text
    cut = text[:_LONGEST_SUGGESTION]
    return f"{cut.rpartition(' ')[0] or cut} … (cut; {len(text):,} characters in all)"


def _without_null(value: object) -> object:
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, object]", value)
        return {name: _without_null(each) for name, each in fields.items() if each is not None}
    return [_without_null(each) for each in cast("list[object]", value)] if isinstance(value, list) else value
