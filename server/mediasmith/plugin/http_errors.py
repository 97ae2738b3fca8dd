"""Turn what goes wrong over HTTP into the errors that callers see."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

from mediasmith.plugin.errors import (
    InvalidRequest,
    MediaError,
    MissingKey,
    ModelGone,
    OutOfCredit,
    ProviderError,
    RateLimited,
    Refused,
    TimedOut,
    Unreachable,
    Unsuitable,
)


def error_for_status(
    status: int, name: str, *, keys: Sequence[str] = (), said: str = "", retry_after: float | None = None
) -> MediaError:
    """What an HTTP status means, for an answer whose own codes say no more.

    `name` is the provider's, `keys` are its variables, and `said` are its own words. An error of the server's is not
    known to be free, but for 503: that one was turned away.
    """
    words = f": {said.strip().rstrip('.')}" if said.strip() else ""
    match status:
        case 400 | 413 | 415 | 422:
            return InvalidRequest(f"{name} does not accept the request ({status}){words}.", billed="no")
        case 401:
            return MissingKey(name, keys, rejected=True)
        case 402:
            return OutOfCredit(f"The account at {name} has no credit left{words}.")
        case 403:
            return Unsuitable(f"{name} does not allow this account to do that{words}.", billed="no")
        case 404:
            return ModelGone(f"{name} does not know this model{words}.")
        case 408 | 504:
            return TimedOut(f"{name} did not answer in time{words}.")
        case 429:
            return RateLimited(f"{name} is asked too often{words}.", retry_after=retry_after)
        case 451:
            return Refused(f"{name} declined to make this{words}.", billed="no")
        case 503:
            return ProviderError(f"{name} is overloaded{words}.", billed="no")
        case _:
            return ProviderError(f"{name} answered {status}{words}.")


def unreachable_error(name: str) -> Unreachable:
    """What is said when no connection to `name` was made, so that nothing was sent."""
    return Unreachable(
        f"{name} cannot be reached.", "Check the network and the proxy, and the base URL where one is set.", billed="no"
    )


@contextmanager
def not_billed(explain: Callable[[Exception], MediaError | None]) -> Generator[None]:
    """What goes wrong in this block of a backend's came before anything was paid for. `explain` is the backend's."""
    try:
        yield
    except Exception as error:
        known = error if isinstance(error, MediaError) else explain(error)
        if known is None:
            raise
        known.billed = "no"
        raise known from error
