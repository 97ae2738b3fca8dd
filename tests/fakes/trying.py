"""What comes in the end of what is asked of a backend, its errors as the server would tell them."""

from __future__ import annotations

from typing import Any

from mediasmith.plugin.contract import Request, Result
from mediasmith.plugin.errors import MediaError
from mediasmith.testing import AdapterHarness


async def made(hands: AdapterHarness, ask: Request[Any]) -> Result:
    """What was made, polled for where that is needed."""
    return await hands.finish(await hands.capability.start(hands.of(ask)))


async def failure(hands: AdapterHarness, ask: Request[Any]) -> MediaError:
    """Why nothing was made."""
    try:
        result = await made(hands, ask)
    except MediaError as error:
        return error
    except Exception as error:
        explained = hands.backend.explain(error)
        if explained is None:
            raise
        return explained
    raise AssertionError(f"it did not fail but made {result}")
