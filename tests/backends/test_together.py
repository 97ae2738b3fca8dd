"""What the backends here are together: tried in this order, unless the settings say otherwise, and in small tools."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from mediasmith.config.registry import load
from mediasmith.config.tool_schemas import Tools

ORDER = (
    ("compatible", "comfyui"),  # engines that the user has set up
    ("elevenlabs", "google", "openai", "xai"),
    ("openrouter",),
    ("fal",),
    ("replicate",),
    ("sketch",),
)


NAMES = [name for names in ORDER for name in names]


def preferences(names: tuple[str, ...]) -> list[int]:
    found = [backend for name, backend in load().backends.items() if name in names]
    return [capability.preference for backend in found for capability in backend.capabilities]


@pytest.mark.parametrize(("earlier", "later"), [*pairwise(ORDER)])
def test_engines_come_before_providers_aggregators_and_drafts(earlier: tuple[str, ...], later: tuple[str, ...]) -> None:
    assert min(preferences(earlier), default=100) > max(preferences(later), default=-100)


def test_the_tools_are_small_with_all_of_them() -> None:
    sizes = [
        len(
            json.dumps(
                {
                    "name": tool.name,
                    "title": tool.title,
                    "description": tool.description,
                    "inputSchema": tool.parameters,
                },
                separators=(",", ":"),
            )
        )
        for tool in Tools(backend for name, backend in load().backends.items() if name in NAMES).values()
    ]
    assert max(sizes) <= 4_500  # above about 5 KB one client strips every description
    assert sum(sizes) <= 7_200  # 1,800 tokens
