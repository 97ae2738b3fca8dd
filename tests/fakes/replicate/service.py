"""What the fake of Replicate answers, by kind of request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from fakes.replicate import predictions
from fakes.replicate.models import MODELS, Served, openapi_schema, version_of
from fakes.replicate.requests import FileForm
from fakes.replicate.state import ReplicateState, Settings, refusal, sign_in, wording
from loopback.connection import Answer
from loopback.faults import answer_json
from loopback.routes import Asked, Provider, Route
from loopback.state import new_id

_Asked: TypeAlias = Asked[ReplicateState]


def _account(_asked: _Asked) -> Answer:
    return answer_json({"type": "user", "username": "ann", "name": "Ann", "github_url": "https://github.com/ann"})


def _model(asked: _Asked) -> Answer:
    name = "/".join(asked.ids)
    return answer_json(_shown(name, asked.state.served(name)))


def _shown(name: str, served: Served) -> Mapping[str, Any]:
    owner, _, short = name.partition("/")
    cdn = "https://replicate.delivery/xezq"
    output = "A kite." if served.makes == "txt" else f"{cdn}/abc/out.{served.makes}"
    return {
        "url": f"https://replicate.com/{name}",
        "owner": owner,
        "name": short,
        "description": f"Makes a {served.makes} of a prompt",
        "visibility": "public",
        "is_official": served.official,
        "run_count": 5,
        "github_url": None,
        "paper_url": None,
        "license_url": None,
        "cover_image_url": f"{cdn}/cover.webp",
        "default_example": {"id": new_id(), "status": "succeeded", "output": output} if served.example else None,
        "latest_version": _version(name, served),
    }


def _version(name: str, served: Served) -> Mapping[str, Any]:
    return {
        "id": version_of(name),
        "created_at": "2026-11-01T00:00:00.000Z",
        "cog_version": "0.16.0",
        "openapi_schema": openapi_schema(served),
    }


def _versions(asked: _Asked) -> Answer:
    name = "/".join(asked.ids[:2])
    served = asked.state.served(name)
    if asked.ids[2] != version_of(name):
        raise refusal(404, "The requested version of the model could not be found.")
    return answer_json(_version(name, served))


def _search(asked: _Asked) -> Answer:
    words = asked.body.lower().split()
    found = [_shown(name, served) for name, served in MODELS.items() if all(word in name for word in words)]
    return answer_json({"next": None, "previous": None, "results": found})


def _check_upload(asked: _Asked) -> None:
    if [file.field for file in asked.files] != ["content"]:
        raise refusal(422, "- content: is required, once")


def _upload(asked: _Asked) -> Answer:
    (file,) = asked.files
    name = new_id()
    asked.state.files[name] = file.mime
    shown: dict[str, object] = {
        "id": name,
        "name": file.name,
        "content_type": file.mime,
        "size": len(file.body),
        "metadata": {},
    }
    dates = {"created_at": "2026-11-30T09:00:00.000Z", "expires_at": "2026-12-01T09:00:00.000Z"}
    return answer_json({**shown, **dates, "urls": {"get": f"http://{asked.host}/v1/files/{name}"}}, status=201)


ROUTES: Mapping[str, Route[ReplicateState]] = {
    "GET /v1/account": Route(answer=_account),
    "GET /v1/models/{owner}/{name}": Route(answer=_model),
    "GET /v1/models/{owner}/{name}/versions/{id}": Route(answer=_versions),
    "QUERY /v1/models": Route(answer=_search, text=True),
    "POST /v1/files": Route(answer=_upload, form=FileForm, check=_check_upload),
    **predictions.ROUTES,
}
"""Every kind of request, by the name that counts and scripts have for it."""

PROVIDER = Provider(
    routes=ROUTES,
    fresh=ReplicateState,
    settings=Settings,
    sign_in=sign_in,
    wording=wording,
)
