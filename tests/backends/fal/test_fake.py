"""The fake refuses what fal would refuse."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import httpx2
import pytest

from fakes.fal import KEY, WRONG_KEY, FakeFal

IMAGE, EDIT = "/fal-ai/flux-2", "/fal-ai/flux-2/edit"
VIDEO, SPEECH = "/fal-ai/veo3.1/fast", "/fal-ai/minimax/speech-2.8-hd"


@pytest.fixture(scope="module")
def http(shared_fake: FakeFal) -> Generator[httpx2.Client]:
    headers = {"authorization": f"Key {KEY}"}
    with httpx2.Client(base_url=shared_fake.url, headers=headers, trust_env=False) as http:
        yield http


@pytest.mark.parametrize(
    ("path", "given", "place"),
    [
        (IMAGE, {"colour": "red"}, "colour"),
        (IMAGE, {"prompt": ""}, "prompt"),
        (IMAGE, {"num_images": "2"}, "num_images"),
        (IMAGE, {"num_images": 5}, "num_images"),
        (IMAGE, {"image_size": "800x600"}, "image_size"),
        (EDIT, {}, "image_urls"),
        (EDIT, {"image_urls": ["data:image/png;base64,AAAA"]}, "image_urls"),
        (VIDEO, {"duration": 8}, "duration"),
        (SPEECH, {}, "output_format"),
        (SPEECH, {"output_format": "hex"}, "output_format"),
    ],
)
@pytest.mark.usefixtures("fake")
def test_a_wrong_input_is_refused(http: httpx2.Client, path: str, given: dict[str, Any], place: str) -> None:
    answer = http.post(path, json={"prompt": "a kite", **given})
    assert answer.status_code == 422
    assert place in answer.json()["detail"][0]["loc"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/fal-ai/none", 404),
        ("/v1/models?colour=red", 422),
        ("/v1/models/pricing", 422),
        (f"/v1/models/pricing?endpoint_id={','.join(['fal-ai/flux-2'] * 51)}", 400),
        ("/fal-ai/flux-2/requests/none/status", 404),
    ],
)
@pytest.mark.usefixtures("fake")
def test_a_wrong_question_is_refused(http: httpx2.Client, path: str, status: int) -> None:
    assert http.get(path).status_code == status


@pytest.mark.parametrize("authorization", ["", f"Bearer {KEY}", f"Key {WRONG_KEY}"])
def test_a_wrong_key_is_refused(fake: FakeFal, authorization: str) -> None:
    headers = {"authorization": authorization} if authorization else {}
    assert httpx2.post(fake.url + IMAGE, json={}, headers=headers, trust_env=False).status_code == 401


def test_a_request_is_shown_below_its_application_alone(fake: FakeFal, http: httpx2.Client) -> None:
    fake.settings(polls=0)
    queued = http.post(VIDEO, json={"prompt": "a kite"}).json()
    assert queued["response_url"] == f"{fake.url}/fal-ai/veo3.1/requests/{queued['request_id']}"
    assert http.get(queued["response_url"]).status_code == 400
    assert http.get(queued["status_url"].replace("veo3.1", "flux-2")).status_code == 404
    assert http.get(queued["status_url"]).json()["status"] == "COMPLETED"
    assert http.get(queued["response_url"]).headers["x-fal-billable-units"] == "1.000"
