"""The fake refuses what Replicate would refuse, and what it would silently ignore."""

from __future__ import annotations

import base64
from collections.abc import Generator, Mapping
from typing import Any

import httpx2
import pytest

from fakes.replicate import KEY, FakeReplicate
from fakes.replicate.models import version_of
from mediasmith.testing import png

PNG = f"data:image/png;base64,{base64.b64encode(png()).decode()}"
LARGE = f"data:application/octet-stream;base64,{base64.b64encode(bytes(256_004)).decode()}"
FLUX, KONTEXT = (
    "/models/black-forest-labs/flux-schnell/predictions",
    "/models/black-forest-labs/flux-kontext-pro/predictions",
)
PROMPT = {"prompt": "a red kite"}
KITES: Mapping[str, Any] = {"version": version_of("acme/kites"), "input": PROMPT}


@pytest.fixture(scope="module")
def http(shared_fake: FakeReplicate) -> Generator[httpx2.Client]:
    headers = {"authorization": f"Bearer {KEY}"}
    with httpx2.Client(base_url=shared_fake.base_url, headers=headers, verify=False, trust_env=False) as http:
        yield http


@pytest.mark.parametrize(("path", "body"), [(FLUX, {"input": PROMPT}), ("/predictions", KITES)])
def test_a_plain_request_is_accepted_and_counted_as_paid(
    fake: FakeReplicate, http: httpx2.Client, path: str, body: Mapping[str, Any]
) -> None:
    assert http.post(path, json=dict(body)).status_code == 201
    assert fake.paid() == 1
    assert fake.log()[0]["headers"]["authorization"] == "Bearer ***"


WRONG: list[tuple[str, dict[str, Any], str]] = [
    (FLUX, {"input": PROMPT, "version": "1"}, "version"),
    (FLUX, {"input": {}}, "prompt"),
    (FLUX, {"input": {**PROMPT, "colour": "red"}}, "colour"),
    (FLUX, {"input": {**PROMPT, "num_outputs": 5}}, "num_outputs"),
    (FLUX, {"input": {**PROMPT, "num_outputs": "2"}}, "num_outputs"),
    (FLUX, {"input": {**PROMPT, "aspect_ratio": "7:5"}}, "aspect_ratio"),
    (KONTEXT, {"input": {**PROMPT, "input_image": "kite.png"}}, "neither"),
    (KONTEXT, {"input": {**PROMPT, "input_image": PNG.replace("png", "jpeg", 1)}}, "type"),
    (KONTEXT, {"input": {**PROMPT, "input_image": LARGE}}, "too large"),
    (KONTEXT, {"input": {**PROMPT, "input_image": "{base}/files/none"}}, "does not exist"),
    ("/models/acme/none/predictions", {"input": PROMPT}, "model"),
    ("/models/acme/kites/predictions", {"input": PROMPT}, "official"),
    ("/predictions", {"input": PROMPT}, "version"),
    ("/predictions", {**KITES, "version": "0" * 64}, "version"),
    ("/predictions", {**KITES, "input": {**PROMPT, "mood": 1}}, "mood"),
]


@pytest.mark.parametrize(("path", "body", "words"), WRONG)
def test_a_wrong_request_is_refused(
    fake: FakeReplicate, http: httpx2.Client, path: str, body: dict[str, Any], words: str
) -> None:
    body["input"] = {
        name: str(v).format(base=fake.base_url) if name == "input_image" else v for name, v in body["input"].items()
    }
    answer = http.post(path, json=body)
    assert answer.status_code in {404, 422}
    assert words in answer.json()["detail"]


def test_an_upload_needs_its_one_file(fake: FakeReplicate, http: httpx2.Client) -> None:
    assert http.post("/files", files={"content": ("a.png", png(), "image/png")}).status_code == 201
    assert http.post("/files", files={"file": ("a.png", png(), "image/png")}).status_code == 422
    assert http.post("/files", json={}).status_code == 415


def test_a_search_is_plain_text(fake: FakeReplicate, http: httpx2.Client) -> None:
    assert http.request("QUERY", "/models", content=b"kites", headers={"content-type": "text/plain"}).is_success
    assert http.request("QUERY", "/models", json={"query": "kites"}).status_code == 415
