"""The fake of Google rejects what Google would: tests that stand on it are worth no more than it is strict."""

from __future__ import annotations

import base64
import json
from collections.abc import Generator, Mapping
from typing import Any

import httpx2
import pytest

from fakes.google import KEY, FakeGoogle
from fakes.google.account import TOKEN
from fakes.google.errors import TOKEN_PREFIX
from fakes.google.imagen import EDIT, GENERATE
from fakes.google.interaction_routes import CREATE
from fakes.google.veo import FETCH, START
from mediasmith.testing import MemorySource, png

PNG = base64.b64encode(png()).decode()
MP4 = base64.b64encode(MemorySource(mime="video/mp4").data).decode()
BAD = base64.b64encode(b"nothing").decode()

SIGNED = {"x-goog-api-key": KEY, "authorization": f"Bearer {TOKEN_PREFIX}1"}


@pytest.fixture
def client(fake: FakeGoogle) -> Generator[httpx2.Client]:
    with httpx2.Client(base_url=fake.url, trust_env=False, verify=False) as client:
        yield client


def send(client: httpx2.Client, request: str, body: object, headers: Mapping[str, str] = SIGNED) -> httpx2.Response:
    path = request.split()[1].replace("{project}", "p").replace("{location}", "us-central1")
    return client.post(path, json=body, headers=headers)


def block(kind: str = "image", data: str = PNG, mime: str = "image/png", **more: object) -> dict[str, Any]:
    return {"type": kind, "data": data, "mime_type": mime, **more}


CLIP = block("video", MP4, "video/mp4")
TEXT = {"type": "text", "text": "a red kite"}

IMAGE: Mapping[str, Any] = {
    "model": "gemini-nano-banana-2.1",
    "input": "a red kite",
    "response_format": {"type": "image"},
}
VIDEO: Mapping[str, Any] = {
    "model": "gemini-omni-1.2-flash",
    "input": "a red kite",
    "response_format": {"type": "video", "resolution": "360p"},
    "generation_config": {"video_config": {"task": "text_to_video"}},
}
SPEECH: Mapping[str, Any] = {
    "model": "gemini-3.8-flash-tts",
    "input": "Good morning.",
    "response_format": {"type": "audio"},
    "generation_config": {"speech_config": [{"voice": "Kore"}]},
}
MUSIC: Mapping[str, Any] = {"model": "lyria-3.5", "input": "a waltz"}


def content(*blocks: object) -> dict[str, Any]:
    return {"input": [{"type": "user_input", "content": [*blocks, TEXT]}]}


def task(name: str, *blocks: object, **form: object) -> dict[str, Any]:
    response_format = {**VIDEO["response_format"], **form}
    return {
        **VIDEO,
        **content(*blocks),
        "generation_config": {"video_config": {"task": name}},
        "response_format": response_format,
    }


ACCEPTED = [IMAGE, VIDEO, SPEECH, MUSIC, {**IMAGE, **content(block())}, task("edit", CLIP), task("extend", CLIP)]

REJECTED: list[Mapping[str, Any]] = [
    {**IMAGE, "colour": "red"},
    {**IMAGE, "model": "gemini-9"},
    {**IMAGE, "generation_config": {"seed": "1"}},
    {**IMAGE, "generation_config": {"seed": 2**31}},
    {**IMAGE, "response_format": {"type": "image", "image_size": "2k"}},
    {**IMAGE, "response_format": {"type": "image", "mime_type": "image/png"}},
    {**IMAGE, "response_format": {"type": "image", "colour": "red"}},
    {**IMAGE, "response_format": {"type": "audio"}},
    {**IMAGE, "model": "gemini-3.1-flash-lite-image", "background": True},
    {**IMAGE, "background": True, "store": False},
    {**IMAGE, "generation_config": {"speech_config": [{"voice": "Kore"}]}},
    {**IMAGE, **content(*[block()] * 15)},
    {**IMAGE, **content(block(data=BAD))},
    {**IMAGE, **content(block(data="?!"))},
    {**IMAGE, **content(block(mime="image/jpeg"))},
    {**IMAGE, **content(block(uri="https://x/v1/files/a"))},
    {**IMAGE, **content(block(alt="a kite"))},
    {**IMAGE, **content({**TEXT, "annotations": [{"type": "speech_metadata", "pitch": 1}]})},
    task("text_to_video", block()),
    task("image_to_video"),
    task("edit", CLIP, duration="5s"),
    task("extend", CLIP, resolution="1080p"),
    task("extend", block("video", BAD, "video/mp4")),
    task("text_to_video", duration="2s"),
    task("text_to_video", duration="3"),
    task("text_to_video", aspect_ratio="1:1"),
    task("dance"),
    {**SPEECH, "generation_config": {"speech_config": [{"voice": "Nobody"}]}},
    {**SPEECH, "generation_config": {"speech_config": {"speakers": [{"speaker": "Anna", "voice": "Kore"}]}}},
    {**SPEECH, "response_format": {"type": "audio", "mime_type": "audio/flac"}},
    {**SPEECH, "background": True},
    {**MUSIC, "response_format": {"type": "audio"}},
]


@pytest.mark.parametrize("body", ACCEPTED, ids=range(len(ACCEPTED)))
def test_an_interaction_is_accepted(client: httpx2.Client, body: object) -> None:
    answer = send(client, CREATE, body)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("body", REJECTED, ids=range(len(REJECTED)))
def test_an_interaction_is_rejected(client: httpx2.Client, body: object) -> None:
    answer = send(client, CREATE, body)
    assert answer.status_code == 400, answer.text


# Enterprise mode

VEO, LITE = START["veo-3.1-generate-001"], START["veo-3.1-lite-generate-001"]
[IMAGEN, *_], [IMAGEN_EDIT] = GENERATE.values(), EDIT.values()
IMAGE_PART, VIDEO_PART = (
    {"bytesBase64Encoded": data, "mimeType": mime} for data, mime in ((PNG, "image/png"), (MP4, "video/mp4"))
)
RAW = {"referenceId": 1, "referenceType": "REFERENCE_TYPE_RAW", "referenceImage": IMAGE_PART}
SMALL = {**IMAGE_PART, "bytesBase64Encoded": base64.b64encode(png(8, 8)).decode()}
MASK = {
    "referenceId": 2,
    "referenceType": "REFERENCE_TYPE_MASK",
    "referenceImage": IMAGE_PART,
    "maskImageConfig": {"maskMode": "MASK_MODE_USER_PROVIDED"},
}


def veo(instance: Mapping[str, object] | None = None, **parameters: object) -> dict[str, Any]:
    given = {"sampleCount": 1, "generateAudio": True, **parameters}
    return {"instances": [{"prompt": "a kite", **(instance or {})}], "parameters": given}


def imagen(**parameters: object) -> dict[str, Any]:
    return {"instances": [{"prompt": "a kite"}], "parameters": {"sampleCount": 1, **parameters}}


def edit(*references: object) -> dict[str, Any]:
    parameters = {"sampleCount": 1, "editMode": "EDIT_MODE_DEFAULT"}
    return {"instances": [{"prompt": "a kite", "referenceImages": references}], "parameters": parameters}


REFERENCES = {"referenceImages": [{"image": IMAGE_PART, "referenceType": "ASSET"}]}

ENTERPRISE: list[tuple[int, str, object]] = [
    (200, VEO, veo({"image": IMAGE_PART, "lastFrame": IMAGE_PART})),
    (200, VEO, veo(REFERENCES)),
    (200, IMAGEN, imagen(seed=1, addWatermark=False)),
    (200, IMAGEN_EDIT, edit(RAW, MASK)),
    (400, VEO, veo(quality=1)),
    (400, VEO, veo({"prompt": ""})),
    (400, VEO, veo(sampleCount=2)),
    (400, VEO, veo(durationSeconds=5)),
    (400, VEO, veo(seed="1")),
    (400, VEO, veo(storageUri="films")),
    (400, VEO, veo({"lastFrame": IMAGE_PART})),
    (400, VEO, veo({"image": IMAGE_PART, "video": VIDEO_PART})),
    (400, VEO, veo({"video": {**VIDEO_PART, "bytesBase64Encoded": BAD}})),
    (400, VEO, veo({"video": VIDEO_PART}, durationSeconds=4)),
    (400, VEO, veo({"video": VIDEO_PART}, resolution="1080p")),
    (400, VEO, veo({"video": {"gcsUri": "gs://a/b", "mimeType": "video/mp4"}})),
    (400, VEO, veo({"image": {**IMAGE_PART, "mimeType": "image/jpeg"}})),
    (400, VEO, veo({"image": {**IMAGE_PART, "gcsUri": "gs://a/b"}})),
    (400, LITE, veo(REFERENCES)),
    (404, FETCH["veo-3.1-generate-001"], {"operationName": "projects/p/operations/1"}),
    (404, VEO.replace("veo-3.1", "veo-9"), veo()),
    (400, IMAGEN, imagen(seed=1)),
    (400, IMAGEN, edit(RAW)),
    (400, IMAGEN_EDIT, edit()),
    (400, IMAGEN_EDIT, edit(MASK)),
    (400, IMAGEN_EDIT, edit(RAW, {**MASK, "referenceId": 1})),
    (400, IMAGEN_EDIT, edit(RAW, {**MASK, "referenceImage": None})),
    (400, IMAGEN_EDIT, edit(RAW, {**MASK, "referenceImage": SMALL})),
    (400, IMAGEN_EDIT, edit(RAW, {**MASK, "maskImageConfig": {"maskMode": "MASK_MODE_SEMANTIC"}})),
    (400, IMAGEN_EDIT, edit({**RAW, "referenceType": "REFERENCE_TYPE_STYLE"})),
]


@pytest.mark.parametrize(("status", "request_name", "body"), ENTERPRISE, ids=range(len(ENTERPRISE)))
def test_a_request_of_enterprise_mode_is_checked(
    client: httpx2.Client, status: int, request_name: str, body: object
) -> None:
    answer = send(client, request_name, body)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    ("request_name", "body", "headers", "status"),
    [
        (CREATE, IMAGE, {}, 403),
        (VEO, veo(), {}, 401),
        (VEO, veo(), {"x-goog-api-key": KEY}, 401),
        (VEO, veo(), {"authorization": "Bearer other"}, 401),
    ],
    ids=["no key", "no token", "a key for a token", "another token"],
)
def test_credentials_are_required(
    client: httpx2.Client, request_name: str, body: object, headers: Mapping[str, str], status: int
) -> None:
    assert send(client, request_name, body, headers).status_code == status


def grant(
    email: str = "tests@fake-project.iam.gserviceaccount.com", scope: str = "cloud-platform", kind: str = "jwt-bearer"
) -> dict[str, str]:
    claims = {"iss": email, "scope": f"https://www.googleapis.com/auth/{scope}"}
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode()
    return {"grant_type": f"urn:ietf:params:oauth:grant-type:{kind}", "assertion": f"header.{payload}.signature"}


@pytest.mark.parametrize(
    ("form", "status"),
    [
        (grant(), 200),
        (grant(kind="saml2-bearer"), 400),
        (grant(scope="devstorage.read_only"), 400),
        (grant(email="somebody"), 400),
        ({**grant(), "assertion": "a"}, 400),
    ],
    ids=["valid", "another grant", "another scope", "another account", "no assertion"],
)
def test_only_the_service_account_gets_a_token(client: httpx2.Client, form: Mapping[str, str], status: int) -> None:
    answer = client.post(TOKEN.split()[1], data=form)
    assert answer.status_code == status
