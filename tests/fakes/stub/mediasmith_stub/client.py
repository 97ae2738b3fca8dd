"""How the backends reach the provider, and what its errors mean."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from mediasmith.plugin.access import Access
from mediasmith.plugin.error_words import answer_text, clause
from mediasmith.plugin.errors import (
    InvalidRequest,
    MediaError,
    MissingKey,
    ModelGone,
    OutOfCredit,
    ProviderError,
    RateLimited,
    Refused,
    StateGone,
    TimedOut,
    Unreachable,
)

if TYPE_CHECKING:
    from httpx2 import AsyncClient, Response

KEYS = ("STUB_KEY",)
"""The variable with the key of every backend here."""

TIMEOUT = "STUB_TIMEOUT_SECONDS"
"""The variable with the client's timeout in seconds; unset: 60."""

_NOWHERE = "http://127.0.0.1:9"


class Answered(BaseModel):
    """An answer of the provider's; unlike what it is sent, this may grow."""

    model_config = ConfigDict(extra="ignore", frozen=True)


A = TypeVar("A", bound=Answered)


@asynccontextmanager
async def connect(access: Access) -> AsyncGenerator[AsyncClient]:
    """A client that is signed in."""
    import httpx2  # noqa: PLC0415 - heavy: the module is imported to list the backends

    async with httpx2.AsyncClient(
        base_url=access.base_url or _NOWHERE,
        headers={"authorization": f"Bearer {access.key}"},
        timeout=float(access.env.get(TIMEOUT) or 60),
        trust_env=False,
        verify=False,  # The provider speaks plain HTTP; reading certificates would take longer than a whole test.
    ) as client:
        yield client


async def ask(client: AsyncClient, method: str, path: str, answer: type[A], body: Mapping[str, Any] | None = None) -> A:
    """Send one request and read its answer."""
    response = await client.request(method, path, json=body)
    return read(response.raise_for_status().content, answer)


def read(content: bytes, answer: type[A]) -> A:
    """An answer's body."""
    try:
        return answer.model_validate_json(content)
    except ValidationError as error:
        raise ProviderError("The provider's answer cannot be read.", answer=content) from error


def explain(backend: str) -> Callable[[Exception], MediaError | None]:
    """What `explain` is for a backend of this name."""

    def explained(error: Exception) -> MediaError | None:
        import httpx2  # noqa: PLC0415 - heavy: the module is imported to list the backends

        match error:
            case httpx2.HTTPStatusError():
                return _by_status(backend, error.response)
            case httpx2.ConnectError() | httpx2.ConnectTimeout():
                return Unreachable(f"{backend} cannot be reached.", billed="no")
            case httpx2.TimeoutException():
                return TimedOut(f"{backend} did not answer in time.")
            case httpx2.TransportError():
                return Unreachable(f"The connection to {backend} broke.")
            case _:
                return None

    return explained


class _Error(Answered):
    code: str = ""


class _Problem(Answered):
    error: _Error = _Error()


_MEANINGS: Mapping[tuple[int, str], Callable[[str], MediaError]] = {
    (400, "refused"): lambda name: Refused(f"{name} declined to make this.", reason="refused", billed="no"),
    (401, ""): lambda name: MissingKey(name, KEYS),
    (402, ""): lambda name: OutOfCredit(f"The account at {name} is empty."),
    (403, ""): lambda name: MissingKey(name, KEYS),
    (404, "model_gone"): lambda name: ModelGone(f"{name} no longer serves this model."),
    (404, "state_gone"): lambda name: StateGone(f"{name} no longer has what this continues from."),
    (503, ""): lambda name: ProviderError(f"{name} is overloaded.", billed="no"),
}


def _by_status(backend: str, response: Response) -> MediaError:
    status = response.status_code
    if status == 429:
        advice = response.headers.get("retry-after", "")
        return RateLimited(f"{backend} is busy.", retry_after=float(advice) if advice.isdecimal() else None)
    words = clause(answer_text(response.content))
    meaning = _MEANINGS.get((status, _code(response))) or _MEANINGS.get((status, ""))
    if status in {400, 422} and not meaning:
        return InvalidRequest(f"{backend} does not accept the request{words}.", billed="no")
    return meaning(backend) if meaning else ProviderError(f"{backend} answered {status}.")


def _code(response: Response) -> str:
    try:
        return _Problem.model_validate_json(response.content).error.code
    except ValidationError:
        return ""
