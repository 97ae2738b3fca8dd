"""A fake of OpenRouter as tests hold it: started as a process, scripted, and asked what it was asked."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

from fakes.held import FakeProcess, process

KEY = "sk-or-v1-0123456789"
"""A key that the provider takes. It takes any but `errors.WRONG_KEY`."""


class FakeOpenRouter(FakeProcess):
    """A running fake of OpenRouter."""

    paying = (
        "POST /api/v1/images",
        "POST /api/v1/videos",
        "POST /api/v1/chat/completions",
        "POST /api/v1/audio/speech",
    )

    @property
    def base_url(self) -> str:
        """Where the SDK finds it."""
        return f"{self.url}/api/v1"

    def env(self) -> dict[str, str]:
        """The variables with which a server process is signed in here."""
        return {"OPENROUTER_API_KEY": KEY, "MEDIASMITH_OPENROUTER_BASE_URL": self.base_url}

    def settings(self, *, polls: int = 2, credit: float = 100.0, retired: Sequence[str] = ()) -> None:
        """Set how often new videos say "not yet", what was paid in (USD), and which models are gone."""
        self._set(polls=polls, credits=credit, retired=list(retired))


def running() -> AbstractContextManager[FakeOpenRouter]:
    """A fake of one's own. It ends with the block, or with the process that started it."""
    return process("fakes.openrouter", FakeOpenRouter)
