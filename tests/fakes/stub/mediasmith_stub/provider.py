"""The provider, a process of its own: it outlives the server under test, so its counts are true after a kill.

It makes pictures at once (`/make`) or later (`/jobs`, `/files`), and speech as a stream (`/stream`); it has videos of
any length in bytes (`/films`). Tests steer it through the paths that start with `/_`. It prints its port, and ends when
its standard input does.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from functools import lru_cache
from typing import TypeAlias

from pydantic import BaseModel

from loopback.connection import Answer
from loopback.faults import Refusal, answer_json, bearer
from loopback.service import Asked, Provider, Route, main
from loopback.state import new_id
from mediasmith_stub.accepted import VOICES, Picture, Settings, Speech
from mediasmith_stub.media import SPOKEN, film, large_picture, picture, pixels, speech
from mediasmith_stub.state import File, Job, StubState

MODELS = {"POST /make": {"now-2", "now-1"}, "POST /jobs": {"job-1", "slow-1"}, "POST /stream": {"voice-1"}}
"""The models that each paying request knows. Others are gone."""

FILMS = range(10_000, 4_000_000_001)
"""The lengths in bytes of the videos that there are: a real one, and a box of zeros to bring it to its length."""

FORBIDDEN = "forbidden"
"""A prompt with this word in it is refused."""

_Asked: TypeAlias = Asked[StubState]

_REPORTED = {"now-1": 0.01}  # What a picture costs, for the models whose answers say so.


def _refusal(status: int, code: str, message: str) -> Refusal:
    return Refusal(answer_json({"error": {"code": code, "message": message}}, status=status))


def _known(asked: _Asked) -> None:
    if asked.body.model not in MODELS[asked.route]:
        raise _refusal(404, "model_gone", "No such model.")


def _accepted(asked: _Asked) -> None:
    body: Picture = asked.body
    _known(asked)
    if FORBIDDEN in body.prompt:
        raise _refusal(400, "refused", "This is not made here.")
    if body.previous and body.previous not in asked.state.pictures:
        raise _refusal(404, "state_gone", "No such picture to continue from.")


def _make(asked: _Asked) -> Answer:
    _accepted(asked)
    body: Picture = asked.body
    files = _pictures(asked)
    asked.state.pictures.update(files)
    cost = {"cost": _REPORTED[body.model] * body.n} if body.model in _REPORTED else {}
    rest = json.dumps({"id": new_id(), **cost}).encode()
    # By hand, as base64 needs no escaping: looking for what does takes as long as everything else together.
    images = b", ".join(
        b'{"b64": "%b", "id": "%b"}' % (_base64(file.body), name.encode()) for name, file in files.items()
    )
    return Answer(body=b'{"images": [%b], %b' % (images, rest[1:]))


@lru_cache(maxsize=64)
def _base64(body: bytes) -> bytes:
    return b64encode(body)


def _pictures(asked: _Asked) -> dict[str, File]:
    body: Picture = asked.body
    if asked.fixed:
        return {new_id(): File(mime=f"image/{asked.fixed}", body=large_picture(asked.fixed)) for _ in range(body.n)}
    size = pixels(body.size, body.ratio)
    return {
        new_id(): File(mime=f"image/{body.format}", body=picture(_seed(body, index), size, body.format))
        for index in range(body.n)
    }


def _seed(body: BaseModel, index: int = 0) -> bytes:
    return f"{index} {body.model_dump_json()}".encode()


def _start_job(asked: _Asked) -> Answer:
    _accepted(asked)
    job = asked.state.new_job(asked.body.model, _pictures(asked))
    return answer_json({"id": job.id}, status=202)


def _job(asked: _Asked) -> Job:
    if asked.id not in asked.state.jobs:
        raise _refusal(404, "not_found", "No such job.")
    return asked.state.jobs[asked.id]


def _poll_job(asked: _Asked) -> Answer:
    job = _job(asked)
    status = job.poll()
    files = [{"url": f"http://{asked.host}/files/{name}", "mime": asked.state.files[name].mime} for name in job.files]
    done = {"files": files} if status == "done" else {}
    return answer_json({"status": status, "progress": job.progress, **done})


def _cancel_job(asked: _Asked) -> Answer:
    _job(asked).cancelled = True
    return answer_json({"status": "cancelled"})


def _file(asked: _Asked) -> Answer:
    if asked.id not in asked.state.files:
        raise _refusal(404, "not_found", "No such file.")
    if asked.fixed:
        return Answer(mime=f"image/{asked.fixed}", body=large_picture(asked.fixed))
    file = asked.state.files[asked.id]
    return Answer(mime=file.mime, body=file.body)


def _film(asked: _Asked) -> Answer:
    if not asked.id.isdecimal() or int(asked.id) not in FILMS:
        raise _refusal(404, "not_found", "No such video.")
    body = film(int(asked.id))
    return Answer(mime="video/mp4", body=body, padding=int(asked.id) - len(body))


def _stream(asked: _Asked) -> Answer:
    _known(asked)
    body: Speech = asked.body
    seconds = min(10.0, 0.05 * len(body.text) / body.speed)
    return Answer(mime=SPOKEN[body.format], body=speech(_seed(body), seconds, body.format), chunked=True)


def _voices(_asked: _Asked) -> Answer:
    return answer_json({"voices": VOICES})


ROUTES: Mapping[str, Route[StubState]] = {
    "POST /make": Route(answer=_make, body=Picture),
    "POST /jobs": Route(answer=_start_job, body=Picture),
    "GET /jobs/{id}": Route(answer=_poll_job),
    "DELETE /jobs/{id}": Route(answer=_cancel_job),
    "GET /files/{id}": Route(answer=_file, open=lambda state: not state.settings.files_need_key),
    "GET /films/{id}": Route(answer=_film),
    "POST /stream": Route(answer=_stream, body=Speech),
    "GET /voices": Route(answer=_voices),
}
"""Every kind of request, by the name that counts and scripts have for it."""

PROVIDER = Provider(routes=ROUTES, fresh=StubState, settings=Settings, sign_in=bearer)
"""The provider."""

if __name__ == "__main__":
    main(PROVIDER)
