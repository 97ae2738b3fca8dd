"""Answers for scripts, and what becomes of a poll that meets them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from mediasmith.plugin.contract import Failed
from mediasmith.plugin.errors import MediaError
from mediasmith.testing import AdapterHarness


def interaction(status: str = "completed", **more: Any) -> dict[str, Any]:
    """Return an interaction as a scripted answer."""
    return {"body": {"id": "v1_1", "status": status, **more}}


def output_step(**block: Any) -> dict[str, Any]:
    """Return a step in which the model answers this block."""
    return {"type": "model_output", "content": [block]}


def operation(**more: Any) -> dict[str, Any]:
    """Return an operation of Veo as a scripted answer."""
    return {"body": {"name": "projects/p/locations/l/operations/1", **more}}


def error_body(status: str = "", *details: object) -> dict[str, Any]:
    """Return the body of an error answer."""
    return {"error": {"code": 1, "message": "Words of Google's.", "status": status, "details": details}}


async def end(harness: AdapterHarness, handle: BaseModel) -> MediaError:
    """Poll once, and return the error with which the provider ends the work."""
    failed = await harness.poll(handle)
    assert isinstance(failed, Failed)
    return failed.error


async def trouble(harness: AdapterHarness, handle: BaseModel) -> MediaError:
    """Poll once, and return what the exception means that the poll raises."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - of any type
        await harness.poll(handle)
    error = caught.value
    explained = error if isinstance(error, MediaError) else harness.backend.explain(error)
    assert explained, f"explain does not know {error!r}"
    return explained
