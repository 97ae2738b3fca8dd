"""The provider, a process of its own: it outlives the server under test, so its counts are true after a kill."""

from __future__ import annotations

from fakes.elevenlabs import music, recordings, speech, voices
from fakes.elevenlabs.errors import sign_in, wording
from fakes.elevenlabs.published import published
from fakes.elevenlabs.state import ElevenState, Settings
from loopback.routes import Provider
from loopback.service import main

PROVIDER = Provider(
    routes={**speech.ROUTES, **music.ROUTES, **voices.ROUTES, **recordings.ROUTES},
    fresh=ElevenState,
    settings=Settings,
    sign_in=sign_in,
    wording=wording,
    contract=published(),
)
"""The provider."""

if __name__ == "__main__":
    main(PROVIDER)
