"""A fake of ElevenLabs, as tests use it: a process that is scripted, and asked what it received."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

from fakes.fake_provider import FakeProvider, thread
from loopback.service import Service

KEY = "sk_0123456789abcdef0123456789abcdef"
"""A key that the provider accepts. It accepts any but `errors.WRONG_KEY`."""


class FakeElevenLabs(FakeProvider):
    """A running fake of ElevenLabs."""

    paying = (
        "POST /v1/text-to-speech/{voice_id}",
        "POST /v1/text-to-dialogue",
        "POST /v1/sound-generation",
        "POST /v1/music",
        "POST /v1/voice-changer/{voice_id}",
        "POST /v1/audio-isolation",
        "POST /v1/text-to-voice/design",
        "POST /v1/text-to-voice",
        "POST /v1/voices/add",
        "POST /v1/dubbing",
    )

    def env(self) -> dict[str, str]:
        """Return the variables with which a server process is signed in here."""
        return {"ELEVENLABS_API_KEY": KEY, "MEDIASMITH_ELEVENLABS_BASE_URL": self.url}

    def settings(self, **settings: Any) -> None:
        """Set anything of `state.Settings`; the rest is as at the start."""
        self._set(**settings)

    def bodies(self, request: str) -> Sequence[Any]:
        """Return the bodies of the requests of this kind, in order."""
        kind = re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(request)) + r"(\?.*)?")
        return [entry["body"] for entry in self.log() if kind.fullmatch(f"{entry['method']} {entry['path']}")]


@contextmanager
def running() -> Generator[FakeElevenLabs]:
    """Run a fake until the block ends."""
    from fakes.elevenlabs.service import PROVIDER  # noqa: PLC0415 - heavy: the SDK, in every test process

    with thread(Service(PROVIDER), FakeElevenLabs) as fake:
        yield fake
