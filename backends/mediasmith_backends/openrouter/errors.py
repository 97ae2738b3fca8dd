"""What went wrong, by statuses, codes and types; never by the text of a message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel, ValidationError

from mediasmith.plugin.errors import MediaError, ModelGone, OutOfCredit, ProviderError, RateLimited, Refused, Unsuitable
from mediasmith.plugin.http_errors import error_for_status
from mediasmith_backends import openai_sdk
from mediasmith_backends.openai_sdk import advice, words

if TYPE_CHECKING:
    from openai import APIStatusError

TITLE = "OpenRouter"
"""How messages call the provider."""

KEYS = ("OPENROUTER_API_KEY",)
"""The variables of which one signs in."""

_REFUSALS = {"content_policy_violation", "refusal"}
_GONE = {"model_not_found", "model_deprecated", "model_unavailable_upstream", "no_endpoints", "free_variant_ended"}
_NOT_FOR_US = {"wrong_endpoint", "region_restricted", "privacy_restricted", "constraint_filtered"}
_NO_MONEY = {
    "openrouter_credits",
    "openrouter_key_limit",
    "openrouter_guardrail_budget",
    "openrouter_workspace_budget",
}
_BUSY_MONEY = "openrouter_in_flight_budget"
"""Too much is under way for what the account holds; it passes."""


class Problem(BaseModel):
    """An error as the provider writes it down: beside a status, or within an answer that was to be something else.

    `code` repeats the status, as a number or as text, or is a word of its own.
    """

    code: Any = None
    message: Any = None
    metadata: Any = None
    availability: Any = None


class _Wrapped(BaseModel):
    error: Problem


def explain(error: Exception) -> MediaError | None:
    """What an exception of the SDK, or of the connection below it, means."""
    return openai_sdk.explain(error, TITLE, _of_answer)


def nonsense() -> ProviderError:
    """What is said of an answer that does not hold what it must."""
    return openai_sdk.nonsense(TITLE)


def within(content: bytes) -> MediaError | None:
    """The error that an answer holds instead of what was asked for, if it does; the work may have been done."""
    problem = _problem(content)
    return None if problem is None else told(problem)


def told(problem: Problem) -> MediaError:
    """What an error means that came without a status: on the way, after the request had been accepted."""
    status = _status(problem.code)
    if status is None:
        return ProviderError(f"{TITLE} could not make it{_said(problem)}.")
    known = _meant(status, problem)
    if isinstance(known, RateLimited | ProviderError):
        known.billed = None
    return known


def _of_answer(error: APIStatusError) -> MediaError:
    problem = _problem(error.response.content) or Problem()
    known = _meant(error.status_code, problem, wait=advice(error.response.headers))
    if isinstance(known, ModelGone) and error.request.method == "GET":
        return ProviderError(f"{TITLE} does not have what was asked for{_said(problem)}.")
    return known


def _meant(status: int, problem: Problem, *, wait: float | None = None) -> MediaError:
    """An error by what is told beside its status, and else by that."""
    said = _said(problem)
    details, kind = _mapping(problem.metadata), _text(problem.metadata, "error_type")
    limit, code = _text(problem.metadata, "limit_source"), _text(problem.availability, "code")
    if status == 403 and details.keys() & {"reasons", "flagged_input", "patterns"}:  # noqa: PLR2004 - an HTTP status
        return Refused(f"{TITLE} declined to make this{said}.", reason=_reasons(details), billed="no")
    if kind in _REFUSALS:
        return Refused(f"{TITLE} declined to make this{said}.", reason=kind)
    if limit == _BUSY_MONEY:
        return RateLimited(f"{TITLE} has as much under way as the account allows{said}.", retry_after=wait)
    if limit in _NO_MONEY:
        return OutOfCredit(f"A limit of the account at {TITLE} is reached{said}.")
    if code in _GONE:
        return ModelGone(f"{TITLE} does not serve this model{said}.")
    if code in _NOT_FOR_US:
        return Unsuitable(f"{TITLE} cannot use this model so{said}.", billed="no")
    return error_for_status(status, TITLE, keys=KEYS, detail=said.removeprefix(": "), retry_after=wait)


def _problem(content: bytes) -> Problem | None:
    try:
        return _Wrapped.model_validate_json(content).error
    except ValidationError:
        return None


def _status(code: object) -> int | None:
    """The status that a code stands for."""
    number = int(code) if isinstance(code, str) and code.isdecimal() and len(code) < 4 else code  # noqa: PLR2004 - three digits
    return int(number) if isinstance(number, int | float) and 400 <= number < 600 else None  # noqa: PLR2004 - of errors


def _said(problem: Problem) -> str:
    return words(problem.message) if isinstance(problem.message, str) else ""


def _reasons(details: Mapping[str, object]) -> str:
    found = details.get("reasons") or details.get("patterns")
    return ", ".join(map(str, cast("list[object]", found)))[:300] if isinstance(found, list) else ""


def _mapping(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}


def _text(value: object, name: str) -> str:
    found = _mapping(value).get(name)
    return found if isinstance(found, str) else ""
