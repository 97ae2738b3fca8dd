"""What went wrong, by statuses, codes and types of exceptions; never by the text of a message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from mediasmith.plugin.errors import (
    Billed,
    MediaError,
    MissingKey,
    ModelGone,
    OutOfCredit,
    ProviderError,
    Refused,
    StateGone,
)
from mediasmith.plugin.http_errors import error_for_status
from mediasmith_backends import openai_sdk
from mediasmith_backends.openai.client import KEYS, TITLE
from mediasmith_backends.openai_sdk import advice, words

if TYPE_CHECKING:
    from openai import APIStatusError

_LONGEST = 300  # characters of the provider's own words

_REFUSALS = {
    "moderation_blocked",
    "content_policy_violation",
    "image_content_policy_violation",
    "bio_policy",
    "misalignment_policy_violation",
    "invalid_prompt",
}
_EMPTY_ACCOUNT = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"}


def explain(error: Exception) -> MediaError | None:
    """What an exception of the SDK, or of the connection below it, means."""
    return openai_sdk.explain(error, TITLE, _of_answer)


def nonsense() -> ProviderError:
    """What is said of an answer that does not hold what it must."""
    return openai_sdk.nonsense(TITLE)


def of_code(code: str, said: str = "", *, reason: str = "", billed: Billed | None = None) -> MediaError | None:
    """What one of the provider's codes means; None for one that says no more than its status.

    `said` are the provider's own words, `reason` its word for why it declined. `billed` is for a refusal: the rest is
    known to be free.
    """
    told = words(said)
    if code in _REFUSALS:
        return Refused(f"{TITLE} declined to make this{told}.", reason=reason or code, billed=billed)
    if code in _EMPTY_ACCOUNT:
        return OutOfCredit(f"The account at {TITLE} has no credit left{told}.")
    if code == "model_not_found":
        return ModelGone(f"{TITLE} does not serve this model, or not to this account{told}.")
    if code == "previous_response_not_found":
        return StateGone(f"{TITLE} no longer has the conversation that this continues.")
    return MissingKey(TITLE, KEYS, rejected=True) if code == "invalid_api_key" else None


def failed(what: str, code: object, said: object) -> MediaError:
    """How work that was accepted ended: `what` it was to be, and the provider's code and words for why it is not.

    What of such work is charged is not told.
    """
    told = str(said or "")
    known = of_code(str(code or ""), told, billed="unknown")
    return known or ProviderError(f"{TITLE} could not make the {what}{words(told)}.", billed="unknown")


def _of_answer(error: APIStatusError) -> MediaError:
    body: Mapping[str, Any] = cast("Mapping[str, Any]", error.body) if isinstance(error.body, Mapping) else {}
    said = str(body.get("message") or "")
    details = body.get("moderation_details")
    known = of_code(error.code or "", said, reason=_categories(details), billed=_billed(details))
    if known:
        return known
    if error.status_code == 404 and error.request.method == "GET":  # noqa: PLR2004 - an HTTP status
        return StateGone(f"{TITLE} does not have what was asked for{words(said)}.")
    pause = advice(error.response.headers)
    return error_for_status(error.status_code, TITLE, keys=KEYS, detail=said[:_LONGEST], retry_after=pause)


def _billed(details: object) -> Billed | None:
    """Whether a refused picture was paid for: what was stopped on its way in was not made."""
    return "no" if isinstance(details, Mapping) and cast("Any", details).get("moderation_stage") == "input" else None


def _categories(details: object) -> str:
    found: object = cast("Any", details).get("categories") if isinstance(details, Mapping) else None
    return ", ".join(map(str, cast("list[object]", found)))[:_LONGEST] if isinstance(found, list) else ""
