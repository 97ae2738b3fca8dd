"""What the fake of ComfyUI answers, by kind of request. A job moves on with each look into its history."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from fakes.comfyui.nodes import NODES
from fakes.comfyui.state import (
    ComfyState,
    DeleteRequest,
    InterruptRequest,
    Job,
    JobsQuery,
    NoFields,
    PromptRequest,
    Settings,
    UploadFields,
    ViewQuery,
    sign_in,
    wording,
)
from fakes.comfyui.validation import check_graph, needed
from loopback.connection import Answer
from loopback.faults import Refusal, answer_json
from loopback.films import film
from loopback.pictures import Look, large_picture, picture
from loopback.routes import Asked, Provider, Route
from loopback.sounds import sound

_Asked: TypeAlias = Asked[ComfyState]

_EMPTY = Answer(mime="application/octet-stream")
_FORMS = {
    "images": ("images", "png", "image/png", "output"),
    "previews": ("images", "png", "image/png", "temp"),
    "films": ("images", "mp4", "video/mp4", "output"),
    "sounds": ("audio", "mp3", "audio/mpeg", "output"),
}
"""Where the files of a node stand in the history, how their names end, their type, and their folder."""


def _prompt(asked: _Asked) -> Answer:
    body: PromptRequest = asked.body
    state = asked.state
    checked = check_graph(body.prompt, state.uploads)
    job = Job(
        polls=state.settings.polls,
        id=body.prompt_id,
        number=len(state.jobs),
        graph=body.prompt,
        client=body.client_id,
        outputs=checked.outputs,
    )
    state.jobs[job.id] = job
    state.under_way.append(job)
    return answer_json({"prompt_id": job.id, "number": job.number, "node_errors": checked.faults})


def _history(asked: _Asked) -> Answer:
    job = asked.state.jobs.get(asked.id)
    if job is None:
        return answer_json({})
    if not job.ended:
        job.poll()
    return answer_json({job.id: _entry(asked, job)} if job.ended else {})


def _entry(asked: _Asked, job: Job) -> Mapping[str, Any]:
    start: tuple[str, Mapping[str, object]] = ("execution_start", {"prompt_id": job.id, "timestamp": 1})
    end = "execution_interrupted" if job.cancelled else "execution_success"
    outputs: Mapping[str, Any] = {} if job.cancelled else _outputs(asked, job)
    return {
        "prompt": _queued(job),
        "outputs": outputs,
        "status": {
            "status_str": "error" if job.cancelled else "success",
            "completed": not job.cancelled,
            "messages": [start, (end, {"prompt_id": job.id, "timestamp": 2})],
        },
        "meta": {name: {"node_id": name, "display_node": name, "parent_node": None} for name in outputs},
    }


def _queued(job: Job) -> list[Any]:
    return [job.number, job.id, job.graph, {"client_id": job.client}, list(job.outputs)]


def _outputs(asked: _Asked, job: Job) -> Mapping[str, Any]:
    """Return the files of each output node: what has run before is not made again."""
    cache = asked.state.cache
    found: dict[str, Any] = {}
    for name in job.outputs:
        key = json.dumps({one: job.graph[one] for one in needed(job.graph, name)}, sort_keys=True)
        if key not in cache:
            cache[key] = _saved(asked.state, job, name, key.encode())
        found[name] = cache[key]
    return found


def _saved(state: ComfyState, job: Job, name: str, seed: bytes) -> dict[str, Any]:
    saves = NODES[job.graph[name]["class_type"]].saves
    if not saves:
        return {}
    listed, ending, mime, folder = _FORMS[saves]
    files: list[Mapping[str, str]] = []
    sizes = list(_numbers(job, name, "batch_size"))
    for number in range(max(sizes, default=1) if saves in {"images", "previews"} else 1):
        filename = f"made_{len(state.files) + 1:05}_.{ending}"
        state.files[f"{folder}/{filename}"] = mime, _made(saves, job, name, seed + bytes([number]))
        files.append({"filename": filename, "subfolder": "", "type": folder})
    return {listed: files, **({"animated": [True]} if saves == "films" else {})}


def _numbers(job: Job, name: str, word: str) -> Iterator[int]:
    """Yield the values of an input in all nodes that an output needs."""
    for one in needed(job.graph, name):
        value = job.graph[one].get("inputs", {}).get(word)
        yield from [value] if isinstance(value, int) else []


def _made(saves: str, job: Job, name: str, seed: bytes) -> bytes:
    width, height = (max(_numbers(job, name, word), default=64) for word in ("width", "height"))
    if saves == "films":
        return film(seed, (width, height), 1)
    return sound(seed, 1, "mp3") if saves == "sounds" else picture(seed, (width, height), Look())


def _queue(asked: _Asked) -> Answer:
    jobs = [job for job in asked.state.jobs.values() if not job.ended]
    running = [_queued(job) for job in jobs if job.running]
    return answer_json({"queue_running": running, "queue_pending": [_queued(job) for job in jobs if not job.running]})


def _delete(asked: _Asked) -> Answer:
    body: DeleteRequest = asked.body
    for name in body.delete:
        job = asked.state.jobs.get(name)
        if job and not job.running and not job.ended:
            del asked.state.jobs[name]
    return _EMPTY


def _interrupt(asked: _Asked) -> Answer:
    body: InterruptRequest = asked.body
    job = asked.state.jobs.get(body.prompt_id)
    if job and job.running:
        job.cancelled = True
    return _EMPTY


def _jobs(asked: _Asked) -> Answer:
    if not asked.state.settings.jobs:
        raise Refusal(Answer(status=404))
    return answer_json({"jobs": [{"id": name} for name in asked.state.jobs]})


def _cancel_job(asked: _Asked) -> Answer:
    job = asked.state.jobs.get(asked.id)
    if job is None or not asked.state.settings.jobs:
        raise Refusal(Answer(status=404))
    if not job.ended:
        job.cancelled, job.polled = True, max(job.polled, 1)
        return answer_json({"cancelled": True})
    return answer_json({"cancelled": False})


def _upload(asked: _Asked) -> Answer:
    if len(asked.files) != 1 or asked.files[0].field != "image":
        raise Refusal(Answer(status=400))
    [file] = asked.files
    stem, _, ending = file.name.rpartition(".")
    name, number = file.name, 0
    while asked.state.uploads.get(name, file.body) != file.body:
        number += 1
        name = f"{stem} ({number}).{ending}"
    asked.state.uploads[name] = file.body
    return answer_json({"name": name, "subfolder": "", "type": "input"})


def _view(asked: _Asked) -> Answer:
    query: ViewQuery = asked.query
    if ".." in query.filename or query.subfolder:
        raise Refusal(Answer(status=400))
    mime, body = asked.state.files.get(f"{query.type}/{query.filename}", ("", b""))
    if not mime:
        raise Refusal(Answer(status=404))
    return Answer(mime=mime, body=large_picture(asked.fixed) if asked.fixed else body)


def _stats(_asked: _Asked) -> Answer:
    system = {"os": "posix", "ram_total": 1, "ram_free": 1, "comfyui_version": "0.3.64", "python_version": "3.11"}
    return answer_json({"system": system, "devices": [{"name": "cpu", "type": "cpu", "index": None}]})


ROUTES: Mapping[str, Route[ComfyState]] = {
    "POST /prompt": Route(answer=_prompt, body=PromptRequest),
    "GET /history/{id}": Route(answer=_history),
    "GET /queue": Route(answer=_queue),
    "POST /queue": Route(answer=_delete, body=DeleteRequest),
    "POST /interrupt": Route(answer=_interrupt, body=InterruptRequest),
    "GET /api/jobs": Route(answer=_jobs, query=JobsQuery),
    "POST /api/jobs/{id}/cancel": Route(answer=_cancel_job, body=NoFields),
    "POST /upload/image": Route(answer=_upload, form=UploadFields),
    "GET /view": Route(answer=_view, query=ViewQuery),
    "GET /system_stats": Route(answer=_stats),
}
"""Every kind of request, by the name that counts and scripts have for it."""

PROVIDER = Provider(routes=ROUTES, fresh=ComfyState, settings=Settings, sign_in=sign_in, wording=wording)
"""What makes this fake ComfyUI."""
