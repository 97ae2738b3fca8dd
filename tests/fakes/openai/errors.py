"""How the provider says no."""

from __future__ import annotations

from collections.abc import Container

from fakes.openai.catalogue import FORBIDDEN, WITHHELD
from fakes.openai.state import OpenAIState
from loopback.connection import Answer, Request
from loopback.faults import Fault, Problem, Refusal, answer_json, bearer, fault, rule

WRONG_KEY = "sk-wrong-0123456789"
"""The one key that is not taken."""

_PICTURE = "picture:"
_KINDS = {
    "extra_forbidden": ("unknown_parameter", "Unknown parameter: '{}'."),
    "missing": ("missing_required_parameter", "Missing required parameter: '{}'."),
    "literal_error": ("invalid_value", "Invalid value for '{}': {}."),
    "string_too_long": ("string_above_max_length", "Invalid '{}': {}."),
    "too_long": ("array_above_max_length", "Invalid '{}': {}."),
    "greater_than_equal": ("integer_below_min_value", "Invalid '{}': {}."),
    "less_than_equal": ("integer_above_max_value", "Invalid '{}': {}."),
}


def refusal(
    status: int,
    message: str,
    *,
    code: str | None = None,
    param: str | None = None,
    kind: str = "invalid_request_error",
    **more: object,
) -> Refusal:
    """A refusal in the provider's form; `kind` is what it calls `type`."""
    error = {"message": message, "type": kind, "param": param, "code": code, **more}
    return Refusal(answer_json({"error": error}, status=status))


def picture_rule(code: str, message: str, *place: str | int) -> Exception:
    """What a validator raises for a wish that no picture can have."""
    return rule(f"{_PICTURE}{code}", message, *place)


def sign_in(request: Request) -> None:
    """Refuse a request whose key is missing or wrong."""
    if bearer(request) == WRONG_KEY:
        raise fault("wrong key", f"Incorrect API key provided: {WRONG_KEY[:8]}***{WRONG_KEY[-4:]}.")


def served(state: OpenAIState, model: str, models: Container[str]) -> None:
    """Refuse a model that is not one of these, or not any more."""
    if model not in models or model in state.settings.retired:
        message = f"The model `{model}` does not exist or you do not have access to it."
        raise refusal(404, message, code="model_not_found")


def moderate(prompt: str) -> None:
    """Refuse a prompt for a picture that the provider's rules are against."""
    for word, stage in ((FORBIDDEN, "input"), (WITHHELD, "output")):
        if word in prompt:
            raise refusal(400, BLOCKED, code="moderation_blocked", kind=USER_ERROR, moderation_details=details(stage))


USER_ERROR = "image_generation_user_error"
"""The type of errors that are the caller's, where pictures are made."""

BLOCKED = "Your request was rejected by the safety system. safety_violations=[violence]."
"""What the provider says of a picture that is against its rules."""


def details(stage: str) -> dict[str, object]:
    """What is known of a decision of the safety system."""
    return {"categories": ["violence"], "moderation_stage": stage}


def wording(found: Fault) -> Answer:
    """Any other refusal, in the provider's words."""
    problem = found.problems[0]
    match found.kind:
        case "path":
            refused = refusal(404, "Invalid URL.")
        case "no key":
            refused = refusal(401, "You didn't provide an API key.")
        case "wrong key":
            refused = refusal(401, problem.message, code="invalid_api_key")
        case "type":
            refused = refusal(400, problem.message, code="unsupported_content_type")
        case "contract":
            refused = refusal(400, problem.message, code="contract_violation")
        case "body":
            refused = _of_body(problem)
    return refused.answer


def _of_body(problem: Problem) -> Refusal:
    param = problem.field or None
    if problem.code.startswith(_PICTURE):
        return refusal(400, problem.message, code=problem.code.removeprefix(_PICTURE), param=param, kind=USER_ERROR)
    if problem.code in _KINDS:
        code, form = _KINDS[problem.code]
        return refusal(400, form.format(param, problem.message), code=code, param=param)
    code = "invalid_type" if problem.code.endswith("_type") else problem.code or "invalid_value"
    return refusal(400, f"Invalid '{param}': {problem.message}.", code=code, param=param)
