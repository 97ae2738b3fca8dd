"""How the provider refuses."""

from __future__ import annotations

from collections.abc import Mapping

from loopback.connection import Answer, Request
from loopback.faults import Fault, Problem, Refusal, answer_json, fault

WRONG_KEY = "sk_wrong_0123456789"
"""The one key that is not accepted."""

_NEWER_CODES = {"too_many_concurrent_requests": "concurrent_limit_exceeded"}


def _body(code: str, message: str, **more: object) -> Mapping[str, object]:
    return {"detail": {"code": _NEWER_CODES.get(code, code), "message": message, "status": code, **more}}


def refusal(status: int, code: str, message: str, **more: object) -> Refusal:
    """Return a refusal with this HTTP status and code; `more` goes into its detail (`param`, `data`)."""
    return Refusal(answer_json(_body(code, message, **more), status=status))


def scripted(status: int, code: str) -> Mapping[str, object]:
    """Return an answer to script that refuses like `refusal`."""
    return {"status": status, "body": _body(code, "Not now.")}


def sign_in(request: Request) -> None:
    """Refuse a request whose key is missing or wrong."""
    key = request.headers.get("xi-api-key", "")
    if not key:
        raise fault("no key", "Neither authorization header nor xi-api-key received, please provide one.")
    if key == WRONG_KEY:
        raise fault("wrong key", "Invalid API key")


def wording(found: Fault) -> Answer:
    """Return the answer for a fault that was found before any route was asked."""
    message = found.problems[0].message
    match found.kind:
        case "path":
            return answer_json({"detail": "Not Found"}, status=404)
        case "no key":
            return refusal(401, "needs_authorization", message).answer
        case "wrong key":
            return refusal(401, "invalid_api_key", message).answer
        case "contract":
            return refusal(400, "contract_violation", message).answer
        case "type" | "body":
            return answer_json({"detail": [_complaint(problem) for problem in found.problems]}, status=422)


def _complaint(problem: Problem) -> Mapping[str, object]:
    return {"type": problem.code or "value_error", "loc": ["body", *problem.place], "msg": problem.message}
