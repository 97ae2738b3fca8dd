"""The stub provider as tests hold it: started as a process, scripted, and asked what it was asked."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager

from fakes.fake_provider import STUB, FakeProvider, Logged, process

__all__ = ["KEY", "PAYING", "STUB", "Logged", "Provider", "running"]

KEY = "stub-key-0123456789"
"""A key that the provider takes. It takes any; this one can be searched for where no key may show."""

PAYING = ("POST /make", "POST /jobs", "POST /stream")
"""The requests that cost money."""


class Provider(FakeProvider):
    """A running provider."""

    paying = PAYING

    def env(self) -> dict[str, str]:
        """The variables with which a server process finds the stub backends, and they find this provider."""
        names = ("STUB_NOW", "STUB_JOB", "STUB_SLOW", "STUB_STREAM")
        urls = {f"MEDIASMITH_{name}_BASE_URL": self.url for name in names}
        return {"PYTHONPATH": str(STUB), "STUB_KEY": KEY, **urls}

    def settings(self, *, polls: Mapping[str, int] | None = None, files_need_key: bool = True) -> None:
        """Set how often a model's new jobs say "not yet", and whether files are given to anyone."""
        self._set(polls=polls or {}, files_need_key=files_need_key)


def running() -> AbstractContextManager[Provider]:
    """A provider of one's own. It ends with the block, or with the process that started it."""
    return process("mediasmith_stub.provider", Provider)
