"""Run a request at an adapter to its end, with errors as the server maps them."""

from __future__ import annotations

from typing import Any

from mediasmith.plugin.contract import Request, Result
from mediasmith.plugin.errors import MediaError
from mediasmith.testing import AdapterHarness


async def made(harness: AdapterHarness, ask: Request[Any]) -> Result:
    """Return the result, polling for it if need be."""
    return await harness.finish(await harness.capability.start(harness.of(ask)))


async def failure(harness: AdapterHarness, ask: Request[Any]) -> MediaError:
    """Return the error of a request that fails."""
    try:
        result = await made(harness, ask)
    except MediaError as error:
        return error
    except Exception as error:
        explained = harness.backend.explain(error)
        if explained is None:
            raise
        return explained
    raise AssertionError(f"it did not fail but made {result}")
