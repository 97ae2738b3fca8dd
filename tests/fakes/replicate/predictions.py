"""Predictions: created, polled and cancelled, and the files that they made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from fakes.replicate.models import MODELS, version_of
from fakes.replicate.requests import PredictionRequest, VersionRequest, check_input
from fakes.replicate.state import Prediction, ReplicateState, refusal
from loopback.connection import Answer
from loopback.faults import answer_json
from loopback.films import film
from loopback.pictures import IMAGE_TYPES, Look, picture
from loopback.routes import Asked, Route
from loopback.sounds import SOUND_TYPES, sound
from loopback.state import new_id

_Asked: TypeAlias = Asked[ReplicateState]

_STATUSES = {"queued": "starting", "running": "processing", "done": "succeeded", "cancelled": "canceled"}
_SECONDS = 2
_FORMS = {"jpg": "jpeg"}


def _check_official(asked: _Asked) -> None:
    name = "/".join(asked.ids)
    if not asked.state.served(name).official:
        raise refusal(404, "The requested model could not be found among the official models.")
    check_input(asked.state, MODELS[name], asked.body.input, asked.host)


def _create_official(asked: _Asked) -> Answer:
    return _create(asked, "/".join(asked.ids), "hidden")


def _versioned(asked: _Asked) -> str:
    names = {version_of(name): name for name in MODELS if not MODELS[name].official}
    if asked.body.version not in names:
        raise refusal(422, "The specified version does not exist (or perhaps you don't have permission to use it?)")
    return names[asked.body.version]


def _check_version(asked: _Asked) -> None:
    check_input(asked.state, asked.state.served(_versioned(asked)), asked.body.input, asked.host)


def _create_version(asked: _Asked) -> Answer:
    return _create(asked, _versioned(asked), asked.body.version)


def _create(asked: _Asked, name: str, version: str) -> Answer:
    polls = asked.state.settings.polls
    made = Prediction(polls=polls, id=new_id(), model=name, version=version, input=asked.body.input)
    asked.state.predictions[made.id] = made
    asked.state.under_way.append(made)
    return answer_json(_shown(asked, made, "starting"), status=201)


def _found(asked: _Asked) -> Prediction:
    if asked.id not in asked.state.predictions:
        raise refusal(404, "The requested prediction could not be found.")
    return asked.state.predictions[asked.id]


def _poll(asked: _Asked) -> Answer:
    prediction = _found(asked)
    return answer_json(_shown(asked, prediction, _STATUSES[prediction.poll()]))


def _cancel(asked: _Asked) -> Answer:
    prediction = _found(asked)
    prediction.cancelled = not prediction.done
    return answer_json(_shown(asked, prediction, "canceled" if prediction.cancelled else "succeeded"))


def _shown(asked: _Asked, prediction: Prediction, status: str) -> Mapping[str, Any]:
    own = f"http://{asked.host}/v1/predictions/{prediction.id}"
    ended = status in {"succeeded", "canceled"}
    kept = status == "succeeded" and not prediction.removed
    return {
        "id": prediction.id,
        "model": prediction.model,
        "version": prediction.version,
        "input": {} if prediction.removed else prediction.input,
        "logs": "",
        "output": _output(asked, prediction) if kept else None,
        "data_removed": prediction.removed,
        "error": None,
        "status": status,
        "created_at": "2026-11-30T09:00:00.000Z",
        "started_at": "2026-11-30T09:00:01.000Z",
        "completed_at": "2026-11-30T09:00:03.500Z" if ended else None,
        "metrics": {"predict_time": 2.5, "total_time": 3.5} if ended else {},
        "urls": {"get": own, "cancel": f"{own}/cancel", "web": f"https://replicate.com/p/{prediction.id}"},
    }


def _form(prediction: Prediction) -> str:
    asked = prediction.input
    named = asked.get("output_format") or asked.get("audio_format") or prediction.served.makes
    return named.partition("_")[0]


def _output(asked: _Asked, prediction: Prediction) -> object:
    served = prediction.served
    if served.makes == "txt":
        return ["A ", "kite."]
    place = f"http://{asked.host}/delivery/{prediction.id}"
    urls = [f"{place}/{number}/out.{_form(prediction)}" for number in range(prediction.input.get("num_outputs", 1))]
    return {"one": urls[0], "list": urls, "object": {"audio": urls[0], "lyrics": "La la."}}[served.shape]


def _deliver(asked: _Asked) -> Answer:
    prediction = asked.state.predictions.get(asked.id)
    if prediction is None or prediction.removed:
        raise refusal(404, "There is no such file.")
    seed = json.dumps([prediction.model, prediction.input, *asked.ids[1:]]).encode()
    form = _form(prediction)
    form = _FORMS.get(form, form)
    if form == "mp4":
        return Answer(mime="video/mp4", body=film(seed, (64, 64), _SECONDS))
    if form in IMAGE_TYPES:
        return Answer(mime=IMAGE_TYPES[form], body=picture(seed, (64, 64), Look(form=form)))
    return Answer(mime=SOUND_TYPES[form], body=sound(seed, 0.5, form))


def _open(_state: ReplicateState) -> bool:
    """Return that files are delivered without a token."""
    return True


ROUTES: Mapping[str, Route[ReplicateState]] = {
    "POST /v1/models/{owner}/{name}/predictions": Route(
        answer=_create_official, body=PredictionRequest, check=_check_official
    ),
    "POST /v1/predictions": Route(answer=_create_version, body=VersionRequest, check=_check_version),
    "GET /v1/predictions/{id}": Route(answer=_poll),
    "POST /v1/predictions/{id}/cancel": Route(answer=_cancel),
    "GET /delivery/{id}/{number}/{name}": Route(answer=_deliver, open=_open),
}
"""The routes of predictions."""
