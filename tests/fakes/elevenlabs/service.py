"""What the fake of ElevenLabs answers, by kind of request."""

from __future__ import annotations

from fakes.elevenlabs import music, recordings, speech, voices
from fakes.elevenlabs.errors import sign_in, wording
from fakes.elevenlabs.published import published
from fakes.elevenlabs.state import ElevenState, Settings
from loopback.routes import Provider

PROVIDER = Provider(
    routes={**speech.ROUTES, **music.ROUTES, **voices.ROUTES, **recordings.ROUTES},
    fresh=ElevenState,
    settings=Settings,
    sign_in=sign_in,
    wording=wording,
    contract=published(),
)
