"""The trouble that a poll meets on the way, as the server would see it."""

from __future__ import annotations

from typing import Any

from mediasmith.plugin.errors import MediaError
from mediasmith.testing import AdapterHarness


async def poll_error(harness: AdapterHarness, handle: Any) -> MediaError:
    """Poll once, and return the error that is raised: it must not end the work, so `Failed` is none."""
    try:
        answer = await harness.poll(handle)
    except Exception as error:
        explained = error if isinstance(error, MediaError) else harness.backend.explain(error)
        if explained is None:
            raise AssertionError(f"explain does not know {error!r}") from error
        return explained
    raise AssertionError(f"the poll answered {answer}")
