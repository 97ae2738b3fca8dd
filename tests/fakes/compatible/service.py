"""What the fake of an engine answers, by kind of request."""

from __future__ import annotations

from collections.abc import Mapping

from fakes.compatible import images, videos
from fakes.compatible.requests import Speech
from fakes.compatible.state import EngineState, Settings, refusal, sign_in, wording
from loopback.connection import Answer
from loopback.faults import answer_json
from loopback.routes import Asked, Provider, Route
from loopback.sounds import SOUND_TYPES, sound

VOICES = ("af_heart", "am_joe")


def _models(asked: Asked[EngineState]) -> Answer:
    hints = {"supported_task_types": ["T2I", "I2I"]} if asked.state.settings.engine == "sglang" else {}
    listed = [{"id": name, "object": "model", "owned_by": "me", **hints} for name in ("flux", "kokoro")]
    return answer_json({"object": "list", "data": listed})


def _abilities(asked: Asked[EngineState]) -> Answer:
    if asked.state.settings.engine != "localai":
        raise refusal(404, "There is no such model.")
    abilities = {"flux": ["image"], "kokoro": ["tts"], "wan": ["video"], "qwen": ["chat"]}
    return answer_json({"data": [{"id": name, "capabilities": found} for name, found in abilities.items()]})


def _voices(_asked: Asked[EngineState]) -> Answer:
    return answer_json({"voices": VOICES})


def _speak(asked: Asked[EngineState]) -> Answer:
    body: Speech = asked.body
    data = sound(body.model_dump_json().encode(), 0.5, body.response_format)
    return Answer(mime=SOUND_TYPES[body.response_format], body=data, chunked=True)


ROUTES: Mapping[str, Route[EngineState]] = {
    "GET /v1/models": Route(answer=_models),
    "GET /v1/models/capabilities": Route(answer=_abilities),
    "GET /v1/audio/voices": Route(answer=_voices),
    "POST /v1/audio/speech": Route(answer=_speak, body=Speech),
    **images.ROUTES,
    **videos.ROUTES,
}
"""Every kind of request, by the name that counts and scripts have for it."""

PROVIDER = Provider(routes=ROUTES, fresh=EngineState, settings=Settings, sign_in=sign_in, wording=wording)
