"""A fake of Google as tests hold it: started as a process, scripted, and asked what it was asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from fakes.google.account import written
from fakes.google.imagen import DRAWINGS, EDITS
from fakes.google.veo import STARTS
from fakes.held import FakeProcess, process

KEY = "AIzaSyFake0123456789abcdefghijklmnopqrs"
"""A key that the provider takes. It takes any but `errors.WRONG_KEY`."""

PROJECT, LOCATION = "fake-project", "us-central1"
"""Where the enterprise requests go."""


class FakeGoogle(FakeProcess):
    """A running fake of Google: its API with keys, and its enterprise service."""

    paying = ("POST /v1/interactions", *STARTS, *DRAWINGS, *EDITS)

    def env(self) -> dict[str, str]:
        """The variables with which a server process is signed in here."""
        return {"GOOGLE_API_KEY": KEY, "MEDIASMITH_GOOGLE_BASE_URL": self.url}

    def enterprise(self, account: Path, bucket: str = "") -> dict[str, str]:
        """The variables with which a server process is signed in here in enterprise mode. Writes the account."""
        return {
            "GOOGLE_GENAI_USE_ENTERPRISE": "true",
            "GOOGLE_CLOUD_PROJECT": PROJECT,
            "GOOGLE_CLOUD_LOCATION": LOCATION,
            "GOOGLE_APPLICATION_CREDENTIALS": str(written(account, self.url)),
            "STORAGE_EMULATOR_HOST": self.url,
            "MEDIASMITH_GOOGLE_BASE_URL": self.url,
            **({"GOOGLE_CLOUD_STORAGE_BUCKET": bucket} if bucket else {}),
        }

    def settings(self, **settings: Any) -> None:
        """Set how often work says "not yet" (`polls`) and uploads are "processing", and which models are `retired`."""
        self._set(**settings)

    def bodies(self, request: str) -> Sequence[Any]:
        """What the requests of this kind brought, in order."""
        kind = re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(request)))
        return [entry["body"] for entry in self.log() if kind.fullmatch(f"{entry['method']} {entry['path']}")]


def running() -> AbstractContextManager[FakeGoogle]:
    """A fake of one's own. It ends with the block, or with the process that started it."""
    return process("fakes.google", FakeGoogle)
