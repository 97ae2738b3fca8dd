"""A fake of OpenRouter: `running()` starts it, and tests script it and read what it received by `FakeOpenRouter`."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager

from fakes.fake_provider import FakeProvider, thread
from loopback.service import Service

KEY = "sk-or-v1-0123456789"
"""A key that is accepted, as is any but `WRONG_KEY`."""

WRONG_KEY = "sk-or-v1-wrong-0123456789"
"""The one key that is not accepted."""


class FakeOpenRouter(FakeProvider):
    """A running fake of OpenRouter."""

    paying = (
        "POST /api/v1/images",
        "POST /api/v1/videos",
        "POST /api/v1/chat/completions",
        "POST /api/v1/audio/speech",
    )

    @property
    def base_url(self) -> str:
        """The base URL for the SDK."""
        return f"{self.url}/api/v1"

    def env(self) -> dict[str, str]:
        """Return the variables that sign a server in here."""
        return {"OPENROUTER_API_KEY": KEY, "MEDIASMITH_OPENROUTER_BASE_URL": self.base_url}

    def settings(self, *, polls: int = 2, retired: Sequence[str] = ()) -> None:
        """Set how many polls new videos stay pending, and which models are gone."""
        self._set(polls=polls, retired=list(retired))


@contextmanager
def running() -> Generator[FakeOpenRouter]:
    """Run a fake until the block ends."""
    from fakes.openrouter.service import PROVIDER  # noqa: PLC0415 - heavy: the SDK, in every test process

    with thread(Service(PROVIDER), FakeOpenRouter) as fake:
        yield fake
