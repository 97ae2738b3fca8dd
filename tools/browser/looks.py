"""Look at a view, and wait for what must be seen there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from mcp_types import CallToolResult, TextContent
from playwright.async_api import Locator, expect

from browser.chat_host import View

expect.set_options(timeout=30_000)

_POLL_MS = 100
_POLLS = 300


def starts(text: str) -> re.Pattern[str]:
    """Match what starts with a text."""
    return re.compile(f"^{re.escape(text)}")


async def plays(view: View, tag: str) -> None:
    """Check that a film or sound plays, and then another part of it."""
    media = view.find(tag)
    await until(view, lambda: media.evaluate("media => media.readyState >= 2"))
    assert await media.evaluate("media => media.error === null && media.duration > 0.5")
    await media.evaluate("media => { media.muted = true; return media.play(); }")
    await until(view, lambda: media.evaluate("media => media.currentTime > 0.1"))
    end = await media.evaluate("media => { media.pause(); return (media.currentTime = media.duration * 0.8); }")
    await until(view, lambda: media.evaluate("media => !media.seeking && media.currentTime"))
    assert abs(await media.evaluate("media => media.currentTime") - end) < 0.3


async def until(view: View, condition: Callable[[], Any]) -> None:
    """Wait until a condition holds; it may be a coroutine."""
    for _ in range(_POLLS):
        found = condition()
        if found is True or (hasattr(found, "__await__") and await found):
            return
        await view.page.wait_for_timeout(_POLL_MS)
    raise AssertionError("it did not happen within half a minute")


async def until_said(view: View, what: str, *texts: str) -> None:
    """Wait until the view has asked its host for something with these texts."""
    await until(view, lambda: any(name == what for name, _ in view.said))
    [found] = [json.dumps(params, ensure_ascii=False) for name, params in view.said if name == what]
    assert all(text in found for text in texts), found


async def box(element: Locator) -> Mapping[str, float]:
    """Return how large an element is."""
    found = await element.bounding_box()
    assert found
    return {"width": found["width"], "height": found["height"]}


async def size(image: Locator) -> tuple[int, int]:
    """Return how many pixels a picture has."""
    width, height = await image.evaluate("image => [image.naturalWidth, image.naturalHeight]")
    return width, height


def answer(result: CallToolResult) -> Any:
    """Return the JSON of a tool's result."""
    first = result.content[0]
    assert isinstance(first, TextContent)
    return json.loads(first.text)
