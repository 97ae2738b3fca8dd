"""The fake refuses what OpenRouter would refuse, and what it would silently ignore."""

from __future__ import annotations

import base64
from collections.abc import Generator, Mapping
from typing import Any

import httpx2
import pytest

from fakes.openrouter import KEY, FakeOpenRouter
from mediasmith.testing import png

URI = f"data:image/png;base64,{base64.b64encode(png()).decode()}"
PART: Mapping[str, Any] = {"type": "image_url", "image_url": {"url": URI}}
FRAME: Mapping[str, Any] = {**PART, "frame_type": "last_frame"}
MESSAGE: Mapping[str, Any] = {"role": "user", "content": [{"type": "text", "text": "a kite"}]}

REQUESTS: Mapping[str, Mapping[str, Any]] = {
    "/images": {"model": "openai/gpt-image-2", "prompt": "a red kite"},
    "/videos": {"model": "alibaba/wan-2.7", "prompt": "a red kite"},
    "/audio/speech": {"model": "openai/gpt-4o-mini-tts-2025-12-15", "input": "Hello.", "voice": "nova"},
    "/chat/completions": {
        "model": "google/gemini-3-pro-image",
        "messages": [MESSAGE],
        "modalities": ["image", "text"],
    },
}


@pytest.fixture(scope="module")
def http(shared_fake: FakeOpenRouter) -> Generator[httpx2.Client]:
    headers = {"authorization": f"Bearer {KEY}"}
    with httpx2.Client(base_url=shared_fake.base_url, headers=headers, verify=False, trust_env=False) as http:
        yield http


@pytest.mark.parametrize("path", REQUESTS)
def test_a_plain_request_is_accepted_and_counted_as_paid(fake: FakeOpenRouter, http: httpx2.Client, path: str) -> None:
    assert http.post(path, json=dict(REQUESTS[path])).is_success
    assert fake.paid() == 1
    assert fake.log()[0]["headers"]["authorization"] == "Bearer ***"


WRONG: list[tuple[str, dict[str, Any], str]] = [
    *((path, {"colour": "red"}, "colour") for path in REQUESTS),
    *((path, {"model": "acme/none"}, "acme/none") for path in REQUESTS),
    ("/images", {"prompt": ""}, "prompt"),
    ("/images", {"n": "2"}, "n"),
    ("/images", {"n": 11}, "n"),
    ("/images", {"size": "2K"}, "size"),
    ("/images", {"resolution": "512"}, "resolution"),
    ("/images", {"seed": 7}, "seed"),
    ("/images", {"input_references": [{**PART, "image_url": {"url": URI[:-9]}}]}, "url"),
    ("/images", {"input_references": [{**PART, "image_url": {"url": URI.replace("png", "jpeg", 1)}}]}, "url"),
    ("/images", {"provider": {"options": {"openai": {"mood": 1}}}}, "options"),
    ("/videos", {"duration": 4}, "duration"),
    ("/videos", {"resolution": "1080p"}, "resolution"),
    ("/videos", {"generate_audio": True}, "generate_audio"),
    ("/videos", {"seed": 7}, "seed"),
    ("/videos", {"frame_images": [FRAME]}, "frame_images"),
    ("/videos", {"frame_images": [{**PART, "frame_type": "first_frame"}], "input_references": [PART]}, "input"),
    ("/videos", {"previous_job_id": "gen-vid-1"}, "previous_job_id"),
    ("/videos", {"model": "bytedance/seedance-2.0", "previous_job_id": "gen-vid-1"}, "not completed"),
    ("/audio/speech", {"voice": "carl"}, "voice"),
    ("/audio/speech", {"response_format": "wav"}, "response_format"),
    ("/chat/completions", {"image_config": {"image_size": "512"}}, "resolution"),
    ("/chat/completions", {"messages": [MESSAGE, {"role": "assistant", "images": []}]}, "reasoning_details"),
]


@pytest.mark.parametrize(("path", "given", "words"), WRONG)
@pytest.mark.usefixtures("fake")
def test_a_wrong_request_is_refused(http: httpx2.Client, path: str, given: dict[str, Any], words: str) -> None:
    answer = http.post(path, json={**REQUESTS[path], **given})
    assert answer.status_code in {400, 404}
    assert words in answer.json()["error"]["message"]
