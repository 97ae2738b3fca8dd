"""How the provider says no."""

from __future__ import annotations

from collections.abc import Mapping

from loopback.connection import Answer, Request
from loopback.faults import Fault, Problem, Refusal, answer_json, fault
from loopback.state import new_id

WRONG_KEY = "sk_wrong_0123456789"
"""The one key that is not taken."""

_KINDS = {
    400: "validation_error",
    401: "authentication_error",
    402: "payment_required",
    403: "authorization_error",
    404: "not_found",
    409: "conflict",
    425: "too_early",
    429: "rate_limit_error",
}
_CODES = {"too_many_concurrent_requests": "concurrent_limit_exceeded"}  # where the newer name is another one


def _body(status: int, name: str, message: str, **more: object) -> dict[str, object]:
    kind = _KINDS.get(status, "internal_error")
    told = {"type": kind, "code": _CODES.get(name, name), "message": message, "status": name}
    return {"detail": {**told, "request_id": new_id(), **more}}


def refusal(status: int, name: str, message: str, **more: object) -> Refusal:
    """A refusal in the provider's form: its HTTP status, and what `detail.status` calls it.

    Whatever is `more` stands beside that in the detail (`param`, `data`).
    """
    return Refusal(answer_json(_body(status, name, message, **more), status=status))


def scripted(status: int, name: str, message: str = "Not now.") -> Mapping[str, object]:
    """An answer to script that says no like `refusal`: 429 and too_many_concurrent_requests, say, or system_busy."""
    return {"status": status, "body": _body(status, name, message)}


def sign_in(request: Request) -> None:
    """Refuse a request whose key is missing or wrong."""
    key = request.headers.get("xi-api-key", "")
    if not key:
        raise fault("no key", "Neither authorization header nor xi-api-key received, please provide one.")
    if key == WRONG_KEY:
        raise fault("wrong key", "Invalid API key")


def wording(found: Fault) -> Answer:
    """Any other refusal, in the provider's words."""
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
            return answer_json({"detail": [_told(problem) for problem in found.problems]}, status=422)


def _told(problem: Problem) -> dict[str, object]:
    return {"type": problem.code or "value_error", "loc": ["body", *problem.place], "msg": problem.message}
