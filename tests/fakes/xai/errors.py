"""How the provider says no."""

from __future__ import annotations

from collections.abc import Container, Mapping

from fakes.xai.catalogue import FORBIDDEN
from fakes.xai.state import XAIState
from loopback.connection import Answer, Request
from loopback.faults import Fault, answer_json, fault

WRONG_KEY = "xai-wrong-0123456789"
"""A key that is not taken."""

MISTYPED_KEY = "xai-mistyped-0123456789"
"""A key that is no key at all, which the provider takes for a bad argument."""

_TEAM = "5f4dcc3b-5aa7-45d6-9d83-27deb882cf99"


class Refused(Exception):
    """A call is refused: with this status of gRPC, in these words, and with this metadata behind them."""

    def __init__(self, code: str, details: str, metadata: Mapping[str, str] | None = None) -> None:
        super().__init__(details)
        self.code = code
        self.details = details
        self.metadata = metadata or {}


def invalid(details: str) -> Refused:
    """A call that cannot be what is meant."""
    return Refused("INVALID_ARGUMENT", details)


def not_found(what: str) -> Refused:
    """A call about something that is not there."""
    return Refused("NOT_FOUND", f"{what} was not found.")


def sign_in(metadata: Mapping[str, str]) -> None:
    """Refuse a call whose key is missing or wrong."""
    scheme, _, key = metadata.get("authorization", "").partition(" ")
    if scheme != "Bearer" or not key:
        raise Refused("UNAUTHENTICATED", "No bearer token was given. Get a key at https://console.x.ai.")
    if key == MISTYPED_KEY:
        raise invalid(f"Incorrect API key provided: {key[:2]}***{key[-2:]}. Get a key at https://console.x.ai.")
    if key == WRONG_KEY:
        raise Refused("UNAUTHENTICATED", f"The API key {key[:2]}***{key[-2:]} is not valid.")


def paid_up(state: XAIState) -> None:
    """Refuse a paying call of an account that has nothing to pay with."""
    match state.settings.credit:
        case "spent":
            words = f"Team {_TEAM} has used all its credits or has come to its monthly spending limit."
            raise Refused("RESOURCE_EXHAUSTED", words)
        case "none":
            raise Refused("PERMISSION_DENIED", f"The new team {_TEAM} has neither credits nor licences yet.")
        case "plenty":
            pass


def served(state: XAIState, model: str, models: Container[str]) -> None:
    """Refuse a model that is not one of these, or not any more."""
    if model not in models or model in state.settings.retired:
        words = f"The model {model} does not exist, or team {_TEAM} does not have access to it."
        raise Refused("NOT_FOUND", words)


def moderate(prompt: str) -> None:
    """Refuse a prompt that the provider's rules are against."""
    if FORBIDDEN in prompt:
        raise invalid("The prompt was rejected by content moderation.")


def anonymous(request: Request) -> None:
    """Refuse a download that brings a key: the address alone gives the right to it."""
    if "authorization" in request.headers:
        raise fault("wrong key", "Only one way to sign a request is allowed.")


def wording(found: Fault) -> Answer:
    """A refusal of the store of files."""
    status = 404 if found.kind == "path" else 400
    return answer_json({"error": "; ".join(problem.message for problem in found.problems)}, status=status)
