"""A fake of OpenAI as tests hold it: started as a process, scripted, and asked what it was asked."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

from fakes.held import FakeProcess, process

KEY = "sk-openai-0123456789"
"""A key that the provider takes. It takes any but `errors.WRONG_KEY`."""


class FakeOpenAI(FakeProcess):
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
        """Where the SDK finds it."""
        return f"{self.url}/v1"

    def env(self) -> dict[str, str]:
        """The variables with which a server process is signed in here."""
        return {"OPENAI_API_KEY": KEY, "MEDIASMITH_OPENAI_BASE_URL": self.base_url}

    def settings(self, *, polls: int = 2, retired: Sequence[str] = ()) -> None:
        """Set how often new background work says "not yet", and which models are gone beside those that long are."""
        self._set(polls=polls, retired=list(retired))


def running() -> AbstractContextManager[FakeOpenAI]:
    """A fake of one's own. It ends with the block, or with the process that started it."""
    return process("fakes.openai", FakeOpenAI)
