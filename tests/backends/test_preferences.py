"""The installed backends come in this order, where the user's settings say nothing else."""

from __future__ import annotations

from itertools import pairwise

import pytest

from mediasmith.config.registry import load

ORDER = (
    ("compatible", "comfyui"),  # engines that the user has set up
    ("elevenlabs", "google", "openai", "xai"),
    ("openrouter",),
    ("fal",),
    ("replicate",),
    ("sketch",),
)


def preferences(names: tuple[str, ...]) -> list[int]:
    found = [backend for name, backend in load().backends.items() if name in names]
    return [capability.preference for backend in found for capability in backend.capabilities]


@pytest.mark.parametrize(("earlier", "later"), [*pairwise(ORDER)])
def test_engines_come_before_providers_aggregators_and_drafts(earlier: tuple[str, ...], later: tuple[str, ...]) -> None:
    assert min(preferences(earlier), default=100) > max(preferences(later), default=-100)
