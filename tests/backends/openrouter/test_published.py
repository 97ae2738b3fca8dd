"""The fake of OpenRouter compared with the published contract, where MEDIASMITH_TEST_SPECS names its folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx2
import pytest

from fakes.openrouter import KEY, FakeOpenRouter
from fakes.openrouter.published import CONTRACT

pytestmark = pytest.mark.skipif(
    CONTRACT is None, reason="MEDIASMITH_TEST_SPECS names no folder with OpenRouter's contract"
)

IMAGE = {"model": "openai/gpt-image-2", "prompt": "a kite"}
VIDEO = {"model": "google/veo-3.1", "prompt": "a kite"}
CHAT = {
    "model": "google/gemini-3-pro-image",
    "messages": [{"role": "user", "content": [{"type": "text", "text": "a kite"}]}],
    "modalities": ["image", "text"],
}


def test_answers_are_as_published(fake: FakeOpenRouter) -> None:
    def ask(route: str, body: Mapping[str, Any] | None = None, name: str = "") -> Any:
        method, path = route.replace("{id}", name).split()
        headers = {"authorization": f"Bearer {KEY}"}
        answer = httpx2.request(method, fake.url + path, headers=headers, json=body, trust_env=False)
        assert CONTRACT
        assert not CONTRACT.answer_objection(route, answer.status_code, answer.json())
        return answer.json()

    ask("GET /api/v1/images/models")
    ask("GET /api/v1/videos/models")
    ask("POST /api/v1/images", IMAGE)
    ask("POST /api/v1/chat/completions", CHAT)
    name = ask("POST /api/v1/videos", VIDEO)["id"]
    assert [ask("GET /api/v1/videos/{id}", name=name)["status"] for _ in range(3)][::2] == ["pending", "completed"]


@pytest.mark.parametrize("route", ["images", "videos", "chat/completions", "audio/speech"])
def test_requests_are_compared_with_what_is_published(route: str) -> None:
    assert CONTRACT
    assert CONTRACT.objection(f"POST /api/v1/{route}", "application/json", {"colour": "red"})
