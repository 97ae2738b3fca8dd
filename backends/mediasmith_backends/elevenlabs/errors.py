"""What went wrong, by statuses, codes and types of exceptions; never by the text of a message."""

from __future__ import annotations

import json
import math
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, cast

import anyio
from pydantic import ValidationError

from mediasmith.plugin.errors import (
    InvalidRequest,
    MediaError,
    MissingKey,
    ModelGone,
    OutOfCredit,
    ProviderError,
    RateLimited,
    Refused,
    TimedOut,
    Unreachable,
    Unsuitable,
)
from mediasmith.plugin.http_errors import error_for_status, unreachable_error
from mediasmith_backends.elevenlabs.client import KEYS, TITLE

NO_VOICE = frozenset({"voice_not_found", "voice_does_not_exist"})
"""The codes that say: there is no such voice, or not for this account."""

_LONGEST = 300  # characters of the provider's own words
_ADVICE = 2000  # the same of what it suggests instead of a prompt or a plan
_BAD_KEY = {"invalid_api_key", "needs_authorization", "missing_api_key"}
_EMPTY_ACCOUNT = {"quota_exceeded", "insufficient_credits", "payment_issue", "payment_required"}
_TOO_OFTEN = {
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
_MODEL = "model_id"  # the field that a model is named in
_REFUSALS = {
    *("bad_prompt", "bad_composition_plan", "content_against_policy", "content_policy_violation"),
    *("moderation_blocked", "detected_harmful_content", "unsafe_content"),
}


def explain(error: Exception) -> MediaError | None:
    """What an exception of the SDK, or of the connection below it, means."""
    module = type(error).__module__
    if module.startswith("elevenlabs."):
        return _of_sdk(error)
    if module.startswith(("httpx", "httpcore")):
        return _of_connection(error)
    return nonsense() if isinstance(error, ValidationError) else None


def nonsense() -> ProviderError:
    """What is said of an answer that does not hold what it must."""
    return ProviderError(f"{TITLE} sent an answer that makes no sense.")


@contextmanager
def patience(seconds: float) -> Generator[None]:
    """The answer that this block waits for must be complete in time. The transport counts the silence only.

    Raises:
        TimedOut: it was not.
    """
    try:
        with anyio.fail_after(seconds):
            yield
    except TimeoutError as error:
        raise TimedOut(f"{TITLE} had not sent all of its answer after {seconds / 60:.3g} minutes.") from error


def code_of(error: Exception) -> str:
    """The provider's code for what went wrong, or ""."""
    detail, _ = _told(error)
    return str(detail.get("status") or detail.get("code") or "")


@contextmanager
def sense() -> Generator[None]:
    """An answer that does not hold what this block looks for makes no sense: the SDK takes whatever comes."""
    try:
        yield
    except (AttributeError, RecursionError, TypeError, ValueError) as error:
        raise nonsense() from error


def required(found: object) -> str:
    """An id or another word that an answer must hold; the SDK does not look.

    Raises:
        ProviderError: it is not there.
    """
    if isinstance(found, str) and found:
        return found
    raise nonsense()


def _of_sdk(error: Exception) -> MediaError:
    status: object = getattr(error, "status_code", None)
    if not isinstance(status, int) or status < 300:  # noqa: PLR2004 - an answer, but one that cannot be read
        return nonsense()
    detail, fields = _told(error)
    said = str(detail.get("message") or "").strip()
    headers: Mapping[str, str] = getattr(error, "headers", None) or {}
    pause = _pause(headers)
    for code in (detail.get("code"), detail.get("status")):  # the newer name is not always the more telling one
        if known := _of_code(str(code), said[:_LONGEST], detail, pause):
            return known
    if _MODEL in fields:
        return _model_gone(said[:_LONGEST])
    return error_for_status(status, TITLE, keys=KEYS, detail=said[:_LONGEST], retry_after=pause)


def _told(error: Exception) -> tuple[Mapping[str, Any], Sequence[str]]:
    """What the body of an answer says of the error, and the fields complained of, when it is a list of complaints."""
    body: object = getattr(error, "body", None)
    detail: object = cast("Mapping[str, object]", body).get("detail") if isinstance(body, Mapping) else None
    if isinstance(detail, Mapping):
        return cast("Mapping[str, Any]", detail), ()
    if isinstance(detail, list):
        complaints = [_complaint(one) for one in cast("list[object]", detail)]
        said = [f"{field}: {words}".strip(": ") for field, words in complaints[:3]]
        return {"message": "; ".join(said)}, [field for field, _ in complaints]
    return {"message": detail} if isinstance(detail, str) else {}, ()


def _complaint(one: object) -> tuple[str, str]:
    """The field that one of them is about, and what it says."""
    told: Mapping[str, Any] = cast("Mapping[str, Any]", one) if isinstance(one, Mapping) else {}
    place: object = told.get("loc")
    field = str(cast("list[object]", place)[-1]) if isinstance(place, list) and place else ""
    return field, str(told.get("msg", ""))


def _model_gone(said: str) -> ModelGone:
    return ModelGone(f"{TITLE} does not serve this model, or not to this account{_words(said)}.")


def _words(said: str) -> str:
    return f": {said.rstrip('.')}" if said else ""


def _of_code(code: str, said: str, detail: Mapping[str, Any], pause: float | None) -> MediaError | None:
    """What one of the provider's codes means; None for one that says no more than the status."""
    words = _words(said)
    if code in _BAD_KEY:
        return MissingKey(TITLE, KEYS, rejected=True)
    if code in _EMPTY_ACCOUNT:
        return OutOfCredit(f"The account at {TITLE} has no credit left{words}.")
    if code in _TOO_OFTEN:
        return RateLimited(f"{TITLE} is asked too often{words}.", retry_after=pause)
    if code in NO_VOICE:
        return Unsuitable(f"{TITLE} does not have this voice{words}.", billed="no")
    if code in _NOT_FOR_THIS_ACCOUNT:
        return Unsuitable(f"{TITLE} does not do that for this account{words}.", billed="no")
    if code in _NO_MODEL:
        return _model_gone(said)
    if code == _NO_SONG:
        return InvalidRequest(f"{TITLE} does not have this song, or has not kept it{words}.", billed="no")
    if code in _REFUSALS:
        return Refused(f"{TITLE} declined to make this{words}.", _suggestion(detail), reason=code, billed="no")
    return None


def _suggestion(detail: Mapping[str, Any]) -> str:
    """What the provider would rather make, in its own words."""
    data: object = detail.get("data")
    found: Mapping[str, object] = cast("Mapping[str, object]", data) if isinstance(data, Mapping) else {}
    for name in ("prompt_suggestion", "composition_plan_suggestion"):
        if found.get(name):
            return f"It suggests: {_sendable(found[name])}"
    return "Ask for something else, or in other words."


def _sendable(suggestion: object) -> str:
    """A suggestion as it can be sent in place of what was declined. One that is too long ends with a whole word."""
    text = suggestion if isinstance(suggestion, str) else json.dumps(_given(suggestion), ensure_ascii=False)
    if len(text) <= _ADVICE:
        return text
    cut = text[:_ADVICE]
    return f"{cut.rpartition(' ')[0] or cut} … (cut off here, of {len(text):,} characters)"


def _given(value: object) -> object:
    """The same without what is left open."""
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, object]", value)
        return {name: _given(each) for name, each in fields.items() if each is not None}
    return [_given(each) for each in cast("list[object]", value)] if isinstance(value, list) else value


def _pause(headers: Mapping[str, str]) -> float | None:
    """The pause before another request that an answer asks for, in seconds."""
    with suppress(KeyError, ValueError):
        seconds = float(headers["retry-after"])
        return seconds if 0 <= seconds < math.inf else None
    return None


def _of_connection(error: Exception) -> MediaError:
    import httpx  # noqa: PLC0415 - heavy: the SDK loads it

    match error:
        case httpx.ConnectError() | httpx.ConnectTimeout() | httpx.ProxyError():
            return unreachable_error(TITLE)
        case httpx.PoolTimeout():
            return Unreachable(f"Too many requests to {TITLE} are under way.", billed="no")
        case httpx.InvalidURL() | httpx.UnsupportedProtocol() | httpx.LocalProtocolError():
            return InvalidRequest(f"The address of {TITLE} is none that can be asked.", billed="no")
        case httpx.TimeoutException():
            return TimedOut(f"{TITLE} did not answer in time.")
        case httpx.DecodingError():
            return nonsense()
        case _:
            return Unreachable(f"The connection to {TITLE} broke.")
