"""The provider, a process of its own: it outlives the server under test, so its counts are true after a kill."""

from __future__ import annotations

from collections.abc import Mapping

from fakes.elevenlabs import (
    cloning,
    conversion,
    design,
    dialogue,
    dubbing,
    effects,
    music,
    newer,
    speech,
    voices,
)
from fakes.elevenlabs.errors import sign_in, wording
from fakes.elevenlabs.state import ElevenState, Settings
from loopback.routes import Provider, Route
from loopback.service import main

ROUTES: Mapping[str, Route[ElevenState]] = {
    **speech.ROUTES,
    **dialogue.ROUTES,
    **effects.ROUTES,
    **music.ROUTES,
    **conversion.ROUTES,
    **design.ROUTES,
    **cloning.ROUTES,
    **dubbing.ROUTES,
    **voices.ROUTES,
}
"""Every kind of request, by the name that counts and scripts have for it."""

CONTRACT = newer.Published.found("elevenlabs-*.json", prefix="", requests=newer.REQUESTS, answers=newer.ANSWERS)
"""What the provider publishes about its interface, where it is at hand."""

PROVIDER = Provider(
    routes=ROUTES, fresh=ElevenState, settings=Settings, sign_in=sign_in, wording=wording, contract=CONTRACT
)
"""The provider."""

if __name__ == "__main__":
    main(PROVIDER)
