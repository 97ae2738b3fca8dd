"""How Google rejects requests: interactions with a word for a code, everything else with a google.rpc status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loopback.connection import Answer, Request
from loopback.faults import Fault, Refusal, answer_json, fault

WRONG_KEY = "AIzaSyWrong0123456789"
"""The one key that is not accepted."""

TOKEN_PREFIX = "ya29.fake-"

_STATUSES: Mapping[int, str] = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
}
_CODES: Mapping[int, str] = {400: "invalid_request", 403: "permission_denied", 404: "not_found"}


def rpc_error(status: int, message: str, details: Sequence[Mapping[str, object]] = ()) -> Refusal:
    """Return a rejection in google.rpc form."""
    error = {"code": status, "message": message, "status": _STATUSES[status]}
    return Refusal(answer_json({"error": {**error, **({"details": details} if details else {})}}, status=status))


def interaction_error(status: int, message: str) -> Refusal:
    """Return a rejection in the form of interactions."""
    return Refusal(answer_json({"error": {"code": _CODES[status], "message": message}}, status=status))


def authorize(request: Request) -> None:
    """Reject a request whose key or token is missing or wrong."""
    if request.path.startswith(("/v1beta1/", "/storage/")):
        if not request.headers.get("authorization", "").startswith(f"Bearer {TOKEN_PREFIX}"):
            raise rpc_error(401, "Request is missing required authentication credential.")
        return
    key = request.headers.get("x-goog-api-key", "")
    if not key:
        raise fault("no key", "Method doesn't allow unregistered callers. Please use API Key.")
    if key == WRONG_KEY:
        raise fault("wrong key", "API key not valid. Please pass a valid API key.")


def error_answer(found: Fault) -> Answer:
    """Return a rejection in Google's words."""
    problem = found.problems[0]
    message = f"{problem.field}: {problem.message}".removeprefix(": ")
    match found.kind:
        case "path":
            return rpc_error(404, "Requested entity was not found.").answer
        case "no key":
            return rpc_error(403, message).answer
        case "wrong key":
            return rpc_error(400, message, [{"reason": "API_KEY_INVALID", "domain": "googleapis.com"}]).answer
        case _:
            return rpc_error(400, f"Invalid JSON payload received. {message}").answer
