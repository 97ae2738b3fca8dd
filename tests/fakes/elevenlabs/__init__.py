"""A fake of ElevenLabs as tests hold it: started as a process, scripted, and asked what it was asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from fakes.held import FakeProcess, process

KEY = "sk_0123456789abcdef0123456789abcdef"
"""A key that the provider takes. It takes any but `errors.WRONG_KEY`."""


class FakeElevenLabs(FakeProcess):
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

    @property
    def base_url(self) -> str:
        """Where the SDK finds it."""
        return self.url

    def env(self) -> dict[str, str]:
        """The variables with which a server process is signed in here."""
        return {"ELEVENLABS_API_KEY": KEY, "MEDIASMITH_ELEVENLABS_BASE_URL": self.base_url}

    def settings(self, **settings: Any) -> None:
        """Set anything of `state.Settings`; the rest is as at the start."""
        self._set(**settings)

    def bodies(self, request: str) -> Sequence[Any]:
        """What the requests of this kind brought, in order."""
        kind = re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(request)) + r"(\?.*)?")
        return [entry["body"] for entry in self.log() if kind.fullmatch(f"{entry['method']} {entry['path']}")]


def running() -> AbstractContextManager[FakeElevenLabs]:
    """A fake of one's own. It ends with the block, or with the process that started it."""
    return process("fakes.elevenlabs", FakeElevenLabs)
