"""A fake of Google: the Gemini API, Cloud Storage and the sign-in and models of enterprise mode."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fakes.fake_provider import FakeProvider, thread
from fakes.google.account import write_account
from fakes.google.imagen import EDIT, GENERATE
from fakes.google.interaction_routes import CREATE
from fakes.google.veo import START

KEY = "AIzaSyFake0123456789abcdefghijklmnopqrs"
"""A key that is accepted; only `errors.WRONG_KEY` is not."""

PROJECT, LOCATION = "fake-project", "us-central1"


class FakeGoogle(FakeProvider):
    """A running fake."""

    paying = (CREATE, *START.values(), *GENERATE.values(), *EDIT.values())

    def env(self) -> dict[str, str]:
        """Return the variables that sign in here with a key."""
        return {"GOOGLE_API_KEY": KEY, "MEDIASMITH_GOOGLE_BASE_URL": self.url}

    def enterprise_env(self, account: Path, bucket: str = "") -> dict[str, str]:
        """Write the file of a service account, and return the variables that sign in here in enterprise mode."""
        return {
            "GOOGLE_GENAI_USE_ENTERPRISE": "true",
            "GOOGLE_CLOUD_PROJECT": PROJECT,
            "GOOGLE_CLOUD_LOCATION": LOCATION,
            "GOOGLE_APPLICATION_CREDENTIALS": str(write_account(account, self.url)),
            "STORAGE_EMULATOR_HOST": self.url,
            "MEDIASMITH_GOOGLE_BASE_URL": self.url,
            **({"GOOGLE_CLOUD_STORAGE_BUCKET": bucket} if bucket else {}),
        }

    def settings(self, **settings: Any) -> None:
        """Set how many polls say "not yet" (`polls`), and how many say that an upload is processed (`processing`)."""
        self._set(**settings)

    def bodies(self, request: str) -> Sequence[Any]:
        """Return the bodies of the requests of this kind, in order."""
        kind = re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(request)))
        return [entry["body"] for entry in self.log() if kind.fullmatch(f"{entry['method']} {entry['path']}")]


@contextmanager
def running() -> Generator[FakeGoogle]:
    """Run a fake until the block ends."""
    from fakes.google.service import google_service  # noqa: PLC0415 - heavy: the SDK, in every test process

    with thread(google_service(), FakeGoogle) as fake:
        yield fake
