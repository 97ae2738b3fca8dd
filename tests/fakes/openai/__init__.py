"""A fake of OpenAI: `running()` starts it, and `FakeOpenAI` is how tests script it and read what it received."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager

from fakes.fake_provider import FakeProvider, thread
from loopback.service import Service

KEY = "sk-openai-0123456789"
"""A key that is accepted, as is any but `WRONG_KEY`."""

WRONG_KEY = "sk-wrong-0123456789"
"""The one key that is not accepted."""


class FakeOpenAI(FakeProvider):
    """A running fake of OpenAI."""

    paying = (
        "POST /v1/images/generations",
        "POST /v1/images/edits",
        "POST /v1/responses",
        "POST /v1/audio/speech",
        "POST /v1/videos",
        "POST /v1/videos/edits",
        "POST /v1/videos/extensions",
        "POST /v1/videos/{id}/remix",
    )

    @property
    def base_url(self) -> str:
        """The base URL for the SDK."""
        return f"{self.url}/v1"

    def env(self) -> dict[str, str]:
        """Return the variables that sign a server in here."""
        return {"OPENAI_API_KEY": KEY, "MEDIASMITH_OPENAI_BASE_URL": self.base_url}

    def settings(self, *, polls: int = 2, retired: Sequence[str] = ()) -> None:
        """Set how many polls new background work stays pending, and which models are gone."""
        self._set(polls=polls, retired=list(retired))


@contextmanager
def running() -> Generator[FakeOpenAI]:
    """Run a fake until the block ends."""
    from fakes.openai.service import PROVIDER  # noqa: PLC0415 - heavy: the SDK, in every test process

    with thread(Service(PROVIDER), FakeOpenAI) as fake:
        yield fake
