"""How the provider says no."""

from __future__ import annotations

from collections.abc import Mapping

from loopback.connection import Answer, Request
from loopback.faults import Fault, Refusal, answer_json, bearer, fault

WRONG_KEY = "sk-or-v1-wrong-0123456789"
"""The one key that is not taken."""

_STATUSES = {"path": 404, "no key": 401, "wrong key": 401, "type": 415, "body": 400, "contract": 400}
_USER = "user_2abcdefghijklmnop"
_SHOWN = 100


def refusal(status: int, message: str, metadata: Mapping[str, object] | None = None) -> Refusal:
    """A refusal in the provider's form."""
    error = {"code": status, "message": message, **({"metadata": metadata} if metadata else {})}
    return Refusal(answer_json({"error": error, "user_id": _USER}, status=status))


def moderated(prompt: str, provider: str, model: str) -> Refusal:
    """The refusal of a prompt that is against a provider's rules."""
    metadata = {
        "reasons": ["violence"],
        "flagged_input": prompt[:_SHOWN],
        "provider_name": provider,
        "model_slug": model,
    }
    return refusal(403, f"{model} requires moderation. Your input was flagged.", metadata)


def sign_in(request: Request) -> None:
    """Refuse a request whose key is missing or wrong."""
    if bearer(request) == WRONG_KEY:
        raise fault("wrong key", "User not found.")


def wording(found: Fault) -> Answer:
    """Any other refusal, in the provider's words."""
    told = [f"{problem.field}: {problem.message}".removeprefix(": ") for problem in found.problems]
    return refusal(_STATUSES[found.kind], "; ".join(told)).answer
