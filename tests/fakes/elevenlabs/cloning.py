"""Voices copied from recordings: `/v1/voices/add`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from pydantic import Field, Json

from fakes.elevenlabs.answers import moderate
from fakes.elevenlabs.errors import refusal
from fakes.elevenlabs.state import ElevenState
from fakes.elevenlabs.uploads import recording, several
from loopback.connection import Answer
from loopback.faults import Strict, answer_json
from loopback.routes import Asked, Route

_Asked: TypeAlias = Asked[ElevenState]

_MOST_FILES = 25
_MEGABYTES = 10


class Cloning(Strict):
    """The fields of `POST /v1/voices/add`. The SDK sends labels that were not given as `null`."""

    name: str = Field(min_length=1, max_length=100)
    description: str = ""
    labels: Json[dict[str, str] | None] = None
    remove_background_noise: bool = False


def _check(asked: _Asked) -> None:
    """Refuse what is no recording."""
    files = several(asked.files, "files", megabytes=_MEGABYTES)
    if len(files) > _MOST_FILES:
        raise refusal(400, "invalid_parameters", f"At most {_MOST_FILES} files make a voice.", param="files")
    for file in files:
        recording(file)


def _clone(asked: _Asked) -> Answer:
    body: Cloning = asked.body
    if asked.state.settings.plan == "free":
        message = "Your subscription does not include instant voice cloning. Please upgrade your plan."
        newer = {"type": "payment_required", "code": "paid_plan_required"}
        raise refusal(400, "can_not_use_instant_voice_cloning", message, **newer)
    moderate(f"{body.name} {body.description}")
    voice = asked.state.add_voice(body.name, "cloned", body.description)
    return answer_json({"voice_id": voice.id, "requires_verification": False})


ROUTES: Mapping[str, Route[ElevenState]] = {
    "POST /v1/voices/add": Route(answer=_clone, form=Cloning, check=_check),
}
"""The request for a copy of a voice."""
