"""How the provider says no: interactions with a word for a code, everything else with a status of google.rpc."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loopback.connection import Answer, Request
from loopback.faults import Fault, Refusal, answer_json, fault

WRONG_KEY = "AIzaSyWrong0123456789"
"""The one key that is not taken."""

TOKEN = "ya29.fake-"
"""How the tokens begin that service accounts are given."""

_STATUSES: Mapping[int, str] = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
_CODES: Mapping[int, str] = {400: "invalid_request", 401: "authentication", 403: "permission_denied", 404: "not_found"}


def refusal(status: int, message: str, details: Sequence[Mapping[str, object]] = ()) -> Refusal:
    """A refusal as google.rpc words it."""
    error = {"code": status, "message": message, "status": _STATUSES[status]}
    return Refusal(answer_json({"error": {**error, **({"details": details} if details else {})}}, status=status))


def interaction_refusal(status: int, message: str) -> Refusal:
    """A refusal as interactions word it."""
    return Refusal(answer_json({"error": {"code": _CODES[status], "message": message}}, status=status))


def sign_in(request: Request) -> None:
    """Refuse a request whose key or token is missing or wrong."""
    if request.path.startswith("/v1beta1/") or request.path.startswith("/storage/"):
        if not request.headers.get("authorization", "").startswith(f"Bearer {TOKEN}"):
            raise fault("no key", "Request is missing required authentication credential.")
        return
    key = request.headers.get("x-goog-api-key", "")
    if not key:
        raise fault("no key", "Method doesn't allow unregistered callers. Please use API Key.")
    if key == WRONG_KEY:
        raise fault("wrong key", "API key not valid. Please pass a valid API key.")


def wording(found: Fault) -> Answer:
    """A refusal in the provider's words."""
    problem = found.problems[0]
    message = f"{problem.field}: {problem.message}".removeprefix(": ")
    match found.kind:
        case "path":
            return refusal(404, "Requested entity was not found.").answer
        case "no key":
            return refusal(401 if "credential" in message else 403, message).answer
        case "wrong key":
            reason = {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "API_KEY_INVALID",
                "domain": "googleapis.com",
            }
            return refusal(400, message, [reason]).answer
        case _:
            return refusal(400, f"Invalid JSON payload received. {message}").answer
