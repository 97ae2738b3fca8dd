"""What is sent fits the engines' own schemas, where MEDIASMITH_TEST_SPECS names their folder."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fakes.compatible import FakeCompatible
from mediasmith.testing import AdapterHarness

FOLDER = Path(os.environ.get("MEDIASMITH_TEST_SPECS", "/nowhere"))
VLLM, SGLANG = "vllm-omni-*.json", "sglang-*.json"

pytestmark = pytest.mark.skipif(
    not list(FOLDER.glob(VLLM)), reason="MEDIASMITH_TEST_SPECS names no folder with schemas of engines"
)


def schema(pattern: str, name: str) -> dict[str, Any]:
    """Return one schema of the newest file, with those that it refers to."""
    document = json.loads(max(FOLDER.glob(pattern)).read_text(encoding="utf-8"))
    return {**document["components"]["schemas"][name], "components": document["components"]}


def sent(fake: FakeCompatible) -> Mapping[str, Any]:
    body: Mapping[str, Any] = fake.log()[-1]["body"]
    return body.get("fields", body)


def objections(body: Any, found: dict[str, Any]) -> list[str]:
    validator: Any = Draft202012Validator(found)  # its types leave too much unsaid
    return [error.message for error in validator.iter_errors(body)]


@pytest.mark.parametrize(("pattern", "name"), [(VLLM, "ImageGenerationRequest"), (SGLANG, "ImageGenerationsRequest")])
async def test_pictures(fake: FakeCompatible, image: AdapterHarness, pattern: str, name: str) -> None:
    words: dict[str, Any] = {"size": "64x64", "n": 2, "output_format": "jpeg", "seed": 7, "negative_prompt": "rain"}
    await image.generate(**words)
    found = schema(pattern, name)
    assert sent(fake).keys() <= found["properties"].keys()
    assert objections(sent(fake), found) == []


async def test_speech(fake: FakeCompatible, speech: AdapterHarness) -> None:
    await speech.generate(voice="am_joe", instructions="calm", speed=1.5)
    found = schema(VLLM, "OpenAICreateSpeechRequest")
    assert sent(fake).keys() <= found["properties"].keys()
    assert objections(sent(fake), found) == []


@pytest.mark.parametrize(("pattern", "name"), [(VLLM, "VideoGenerationRequest"), (SGLANG, "VideoGenerationsRequest")])
async def test_videos_whose_forms_have_texts_alone(
    fake: FakeCompatible, video: AdapterHarness, pattern: str, name: str
) -> None:
    await video.start(size="64x64", duration=4, seed=7, negative_prompt="rain")
    assert sent(fake).keys() <= schema(pattern, name)["properties"].keys()
