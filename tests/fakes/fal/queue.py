"""The queue: every endpoint takes requests at a path of its own, and shows them below its first two parts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, TypeAlias

from fakes.fal.endpoints import ENDPOINTS
from fakes.fal.state import FalState, Queued, refusal
from loopback.connection import Answer
from loopback.faults import answer_json
from loopback.films import film
from loopback.pictures import IMAGE_TYPES, Look, picture
from loopback.routes import Asked, Route
from loopback.sounds import SOUND_TYPES, sound
from loopback.state import new_id

_Asked: TypeAlias = Asked[FalState]

_STATUSES = {"queued": "IN_QUEUE", "running": "IN_PROGRESS", "done": "COMPLETED", "cancelled": "COMPLETED"}
_SHAPES = {"landscape_4_3": (1024, 768), "landscape_16_9": (1024, 576), "square_hd": (1024, 1024), "square": (512, 512)}
_FILM, _SECONDS = (160, 90), 1


def _submit(endpoint: str, asked: _Asked) -> Answer:
    request = Queued(polls=asked.state.settings.polls, id=new_id(), endpoint=endpoint, body=asked.body)
    asked.state.requests[request.id] = request
    asked.state.under_way.append(request)
    return answer_json({**_shown(asked, request), "status": "IN_QUEUE", "queue_position": 0})


def _shown(asked: _Asked, request: Queued) -> dict[str, object]:
    """Return the names of a request. Its URLs have the owner and the application alone."""
    application = "/".join(request.endpoint.split("/")[:2])
    url = f"http://{asked.host}/{application}/requests/{request.id}"
    return {
        "request_id": request.id,
        "response_url": url,
        "status_url": f"{url}/status",
        "cancel_url": f"{url}/cancel",
        "logs": None,
        "metrics": {},
    }


def _find(asked: _Asked) -> Queued:
    owner, application, name = asked.ids
    request = asked.state.requests.get(name)
    if request is None or not f"{request.endpoint}/".startswith(f"{owner}/{application}/"):
        raise refusal(404, "Request not found")
    return request


def _status(asked: _Asked) -> Answer:
    request = _find(asked)
    status = _STATUSES[request.poll()]
    place = {"queue_position": 1} if status == "IN_QUEUE" else {}
    ended = {"error": "The request was cancelled.", "error_type": "client_cancelled"} if request.cancelled else {}
    shown = {**_shown(asked, request), "status": status, **place, **ended}
    return answer_json(shown, status=200 if status == "COMPLETED" else 202)


def _result(asked: _Asked) -> Answer:
    request = _find(asked)
    if request.cancelled:
        raise refusal(499, "Request was cancelled", error_type="client_cancelled")
    if not request.done:
        raise refusal(400, "Request is still in progress")
    body = request.body.model_dump()
    made = ENDPOINTS[request.endpoint].makes
    count = body.get("num_images", 1)
    files = [_store(asked, request, body, number) for number in range(count)]
    answer: dict[str, Any] = {"seed": 7, "timings": {"inference": 0.5}}
    if made == "images":
        answer |= {"images": files, "has_nsfw_concepts": [False] * count, "prompt": body["prompt"]}
    else:
        answer[made] = files[0]
    return answer_json(answer, headers={"x-fal-billable-units": f"{count:.3f}", "x-fal-request-id": request.id})


def _store(asked: _Asked, request: Queued, body: Mapping[str, Any], number: int) -> dict[str, object]:
    """Keep a file, and return how the answer names it."""
    file = _file(request, body, request.body.model_dump_json().encode() + bytes([number]))
    name = f"{request.id}-{number}"
    asked.state.files[name] = file
    shown = {"file_name": name, "file_size": len(file.body), "content_type": file.mime}
    return {"url": f"http://{asked.host}/made/{name}", **shown}


def _file(request: Queued, body: Mapping[str, Any], seed: bytes) -> Answer:
    match ENDPOINTS[request.endpoint].makes:
        case "images":
            form = "svg" if "vector" in request.endpoint else body.get("output_format", "png")
            return Answer(mime=IMAGE_TYPES[form], body=picture(seed, _pixels(body), Look(form=form)))
        case "video":
            return Answer(mime="video/mp4", body=film(seed, _FILM, _SECONDS))
        case _:
            form = _form(body)
            return Answer(mime=SOUND_TYPES[form], body=sound(seed, _SECONDS, form))


def _pixels(body: Mapping[str, Any]) -> tuple[int, int]:
    size: Any = body.get("image_size") or ""
    return _SHAPES.get(size, (768, 1024)) if isinstance(size, str) else (size["width"], size["height"])


def _form(body: Mapping[str, Any]) -> str:
    named = body.get("audio_setting", {}).get("format") or body.get("audio_format") or body.get("output_format")
    form = str(named or "mp3").partition("_")[0]
    return form if form in SOUND_TYPES else "mp3"


def _cancel(asked: _Asked) -> Answer:
    request = _find(asked)
    if request.done or request.cancelled:
        return answer_json({"status": "ALREADY_COMPLETED"}, status=400)
    waiting = request.polled < 2  # a runner has it at the second poll
    request.cancelled = True
    return answer_json({"status": "OK" if waiting else "CANCELLATION_REQUESTED"}, status=200 if waiting else 202)


def _made(asked: _Asked) -> Answer:
    if asked.id not in asked.state.files:
        raise refusal(404, "Not found")
    return asked.state.files[asked.id]


def _open(_state: FalState) -> bool:
    """Return that a route takes requests without a key, as public URLs do."""
    return True


ROUTES: Mapping[str, Route[FalState]] = {
    **{
        f"POST /{name}": Route(answer=partial(_submit, name), body=endpoint.takes)
        for name, endpoint in ENDPOINTS.items()
    },
    "GET /{owner}/{app}/requests/{id}/status": Route(answer=_status),
    "GET /{owner}/{app}/requests/{id}": Route(answer=_result),
    "PUT /{owner}/{app}/requests/{id}/cancel": Route(answer=_cancel),
    "GET /made/{id}": Route(answer=_made, open=_open),
}
"""The routes of the queue, and of the files that it made."""
