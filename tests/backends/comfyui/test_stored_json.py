"""Handles that were stored as JSON, by this version and by the first ones, are read again."""

from __future__ import annotations

from typing import Any

import pytest

from mediasmith_backends.comfyui import backend

NAME = "5f0c7d6e-1b1c-4b7e-9a53-0d2f5d1f7a10"


@pytest.mark.parametrize("stored", [{"prompt_id": NAME, "seed": 7}, {"prompt_id": NAME, "seed": None}])
def test_stored_json_is_read_and_written_alike(stored: dict[str, Any]) -> None:
    for capability in backend.capabilities:
        assert capability.handle
        assert capability.handle.model_validate(stored).model_dump(mode="json") == stored
