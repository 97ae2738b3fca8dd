"""What OpenAI's errors mean, by status, code and type of exception; never by the text of a message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from mediasmith.plugin.contract import Failed
from mediasmith.plugin.error_words import answer_text, clause
from mediasmith.plugin.errors import (
    Billed,
    MediaError,
    MissingKey,
    ModelGone,
    OutOfCredit,
    Refused,
    StateGone,
)
from mediasmith.plugin.http_answers import Answer
from mediasmith.plugin.http_errors import blocked_by_page, error_for_failed_work, error_for_status, retry_after
from mediasmith_backends import openai_sdk
from mediasmith_backends.openai.client import BASE_URL, KEYS, OWN_URL, TITLE

if TYPE_CHECKING:
    from openai import APIStatusError

_LONGEST = 300
"""Characters of the provider's reasons that an error repeats."""

_NOT_FOUND = 404

_REFUSALS = {
    "moderation_blocked",
    "content_policy_violation",
    "image_content_policy_violation",
    "bio_policy",
    "misalignment_policy_violation",
    "invalid_prompt",
}
_NO_CREDIT = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"}


class Problem(Answer):
    """Why something failed, as answers have it."""

    code: Any = None
    message: Any = None


def explain(error: Exception) -> MediaError | None:
    """Return what an exception of the SDK or of the connection below it means, or None for any other exception."""
    return openai_sdk.explain(error, TITLE, _explain_status)


def failed(what: str, problem: Problem | None) -> Failed:
    """Return how accepted work ended: `what` it was to be, and the provider's reason.

    OpenAI does not say what it charges for such work.
    """
    problem = problem or Problem()
    text = str(problem.message or "")
    error = _by_code(str(problem.code or ""), text) or error_for_failed_work(TITLE, text, what=f"the {what}")
    error.billed = "unknown"  # no answer says what accepted work has cost
    return Failed(error=error)


def _explain_status(error: APIStatusError) -> MediaError:
    body: Mapping[str, Any] = cast("Mapping[str, Any]", error.body) if isinstance(error.body, Mapping) else {}
    text = answer_text(error.response.content)
    moderation = body.get("moderation_details")
    known = _by_code(error.code or "", text, reason=_categories(moderation), billed=_billed(moderation))
    if known:
        return known
    unserved = openai_sdk.route_error(
        error, TITLE, own_url=OWN_URL, variables=("MEDIASMITH_OPENAI_BASE_URL", BASE_URL), detail=text
    )
    if unserved:
        return unserved
    if error.status_code == _NOT_FOUND and error.request.method == "GET":
        return StateGone(f"{TITLE} has no such response or video{clause(text)}.")
    return blocked_by_page(error.status_code, TITLE, error.response.content) or error_for_status(
        error.status_code, TITLE, keys=KEYS, detail=text, retry_after=retry_after(error.response.headers)
    )


def _by_code(code: str, text: str, *, reason: str = "", billed: Billed | None = None) -> MediaError | None:
    """Return what one of the provider's codes means, or None for one that says no more than its status.

    `text` is the provider's own, `reason` its word for why it declined. `billed` is for a refusal: the rest is free.
    """
    words = clause(text)
    if code in _REFUSALS:
        return Refused(f"{TITLE} declined to make this{words}.", reason=reason or code, billed=billed)
    if code in _NO_CREDIT:
        return OutOfCredit(f"The account at {TITLE} has no credit left{words}.")
    if code == "model_not_found":
        return ModelGone(f"{TITLE} does not serve this model, or not to this account{words}.")
    if code == "previous_response_not_found":
        return StateGone(f"{TITLE} no longer has the conversation that this continues.")
    return MissingKey(TITLE, KEYS, rejected=True, words=words) if code == "invalid_api_key" else None


def _billed(moderation: object) -> Billed | None:
    """Return whether a refused image was paid for: nothing was made when its prompt or inputs were refused."""
    stage = cast("Any", moderation).get("moderation_stage") if isinstance(moderation, Mapping) else None
    return "no" if stage == "input" else None


def _categories(moderation: object) -> str:
    found: object = cast("Any", moderation).get("categories") if isinstance(moderation, Mapping) else None
    return ", ".join(map(str, cast("list[object]", found)))[:_LONGEST] if isinstance(found, list) else ""
