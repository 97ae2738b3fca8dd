"""A fake of an engine with OpenAI's routes: `running()` starts it, tests hold it by `FakeCompatible`."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from fakes.fake_provider import FakeProvider, thread
from loopback.service import Service

WRONG_KEY = "engine-wrong-0123456789"
"""The one key that is not accepted. None is needed."""


class FakeCompatible(FakeProvider):
    """A running fake of an engine."""

    paying = (
        "POST /v1/images/generations",
        "POST /v1/images/edits",
        "POST /v1/audio/speech",
        "POST /v1/videos",
    )

    @property
    def base_url(self) -> str:
        """The base URL."""
        return f"{self.url}/v1"

    def settings(self, *, engine: str = "usual", polls: int = 2) -> None:
        """Set how many polls new videos stay pending, and which engine it is like."""
        self._set(engine=engine, polls=polls)


@contextmanager
def running() -> Generator[FakeCompatible]:
    """Run a fake until the block ends."""
    from fakes.compatible.service import PROVIDER  # noqa: PLC0415 - heavy, in every test process

    with thread(Service(PROVIDER), FakeCompatible) as fake:
        yield fake
