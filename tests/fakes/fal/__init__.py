"""A fake of fal: `running()` starts it, and tests script it and read what it received by `FakeFal`."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from fakes.fake_provider import FakeProvider, thread
from loopback.service import Service

KEY = "fal-id:0123456789"
"""A key that is accepted, as is any but `WRONG_KEY`."""

WRONG_KEY = "fal-id:wrong-0123456789"
"""The one key that is not accepted."""

SUBMIT = "POST /fal-ai/flux-2"
STATUS = "GET /{owner}/{app}/requests/{id}/status"
RESULT = "GET /{owner}/{app}/requests/{id}"
CANCEL = "PUT /{owner}/{app}/requests/{id}/cancel"
MODELS, PRICES = "GET /v1/models", "GET /v1/models/pricing"


class FakeFal(FakeProvider):
    """A running fake of fal. All of its hosts are one."""

    def paid_requests(self) -> int:
        """Return how many requests came that cost money: each endpoint is a path of its own."""
        free = "POST /storage", "POST /files"
        return sum(
            count for name, count in self.counts().items() if name.startswith("POST") and not name.startswith(free)
        )

    def env(self) -> dict[str, str]:
        """Return the variables that sign a server in here."""
        return {"FAL_KEY": KEY, "MEDIASMITH_FAL_BASE_URL": self.url}

    def settings(self, *, polls: int = 2) -> None:
        """Set how many polls new requests stay pending."""
        self._set(polls=polls)


@contextmanager
def running() -> Generator[FakeFal]:
    """Run a fake until the block ends."""
    from fakes.fal.service import PROVIDER  # noqa: PLC0415 - heavy: in every test process

    with thread(Service(PROVIDER), FakeFal) as fake:
        yield fake
