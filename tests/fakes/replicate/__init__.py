"""A fake of Replicate: `running()` starts it, and tests script it and read what it received by `FakeReplicate`."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager

from fakes.fake_provider import FakeProvider, thread
from loopback.service import Service

KEY = "r8_0123456789abcdef"
"""A token that is accepted, as is any but `WRONG_KEY`."""

WRONG_KEY = "r8_wrong_0123456789"
"""The one token that is not accepted."""

PREDICT, PREDICT_VERSION = "POST /v1/models/{owner}/{name}/predictions", "POST /v1/predictions"
"""The requests that cost money: by the name of an official model, and by a version."""


class FakeReplicate(FakeProvider):
    """A running fake of Replicate."""

    paying = (PREDICT, PREDICT_VERSION)

    @property
    def base_url(self) -> str:
        """The base URL of its API."""
        return f"{self.url}/v1"

    def env(self) -> dict[str, str]:
        """Return the variables that sign a server in here."""
        return {"REPLICATE_API_TOKEN": KEY, "MEDIASMITH_REPLICATE_BASE_URL": self.base_url}

    def settings(self, *, polls: int = 2, retired: Sequence[str] = ()) -> None:
        """Set how many polls new predictions stay pending, and which models are gone."""
        self._set(polls=polls, retired=list(retired))


@contextmanager
def running() -> Generator[FakeReplicate]:
    """Run a fake until the block ends."""
    from fakes.replicate.service import PROVIDER  # noqa: PLC0415 - heavy: in every test process

    with thread(Service(PROVIDER), FakeReplicate) as fake:
        yield fake
