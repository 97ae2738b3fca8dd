"""The fake of OpenAI compared with the published contract, where MEDIASMITH_TEST_SPECS names its folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx2
import pytest

from fakes.openai import KEY, FakeOpenAI
from fakes.openai.published import CONTRACT

pytestmark = pytest.mark.skipif(CONTRACT is None, reason="MEDIASMITH_TEST_SPECS names no folder with OpenAI's contract")

DRAWING = {"model": "gpt-image-2.6-flare", "prompt": "a kite", "size": "1024x640"}
CONVERSATION = {
    "model": "gpt-6-luna",
    "input": "a kite",
    "background": True,
    "tools": [{"type": "image_generation", "model": "gpt-image-2.6-flare", "size": "1024x640"}],
    "tool_choice": {"type": "image_generation"},
}


def test_answers_are_as_published(fake: FakeOpenAI) -> None:
    def ask(route: str, body: Mapping[str, Any] | None = None, name: str = "") -> Any:
        method, path = route.replace("{id}", name).split()
        headers = {"authorization": f"Bearer {KEY}"}
        answer = httpx2.request(method, fake.url + path, headers=headers, json=body, trust_env=False)
        assert CONTRACT
        assert not CONTRACT.answer_objection(route, answer.status_code, answer.json())
        return answer.json()

    ask("POST /v1/images/generations", {**DRAWING, "quality": "max", "size": "1024x1024"})
    name = ask("POST /v1/responses", CONVERSATION)["id"]
    assert [ask("GET /v1/responses/{id}", name=name)["status"] for _ in range(2)] == ["queued", "completed"]
    ask("POST /v1/responses/{id}/cancel", name=ask("POST /v1/responses", CONVERSATION)["id"])


@pytest.mark.parametrize("route", ["images/generations", "responses", "audio/speech", "videos", "videos/extensions"])
def test_requests_are_compared_with_what_is_published(route: str) -> None:
    assert CONTRACT
    assert CONTRACT.objection(f"POST /v1/{route}", "application/json", {"colour": "red"})
