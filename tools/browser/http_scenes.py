"""What must be seen in the view of a server over HTTP, where large files have signed links."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any

from PIL import Image, ImageDraw
from playwright.async_api import expect

from browser.looks import plays, size, starts, until_said
from browser.stage import Stage
from fakes.backends import AnyJson
from fakes.films import film
from mediasmith.mcp.content import MAX_RESOURCE
from mediasmith.plugin.contract import Accepted, Call, Context, Output, Pending, Result

_FILM = {"kind": "video", "prompt": "a circle crosses the screen"}
_FRAMES = 48


async def large_film(_call: Call[None, Any]) -> Result:
    """Make a film that is too large to be read as a resource; a capability's `start`."""
    return Result(outputs=(Output(body=_film(), mime="video/mp4"),))


async def accept(_call: Call[None, Any]) -> Accepted:
    """Accept work that does not end, and that has no way to be stopped; a capability's `start`."""
    return Accepted(handle=AnyJson("h-1"))


async def poll(_context: Context[None], _handle: AnyJson) -> Pending:
    """Return how far that work is; a capability's `poll`."""
    return Pending(progress=0.4, message="composing")


async def by_link(stage: Stage) -> None:
    """A large film plays and seeks by its signed link, and is opened and downloaded by it."""
    async with stage.play("generate_media", _FILM) as view:
        await expect(view.find("video")).to_have_attribute("src", starts("http://127.0.0.1"))
        await plays(view, "video")
        await view.button("Open").click()
        await until_said(view, "open-link", "/files/", "signature=")
        await view.button("Download").click()
        await until_said(view, "download-file", "/files/", "signature=")


async def renewed(stage: Stage) -> None:
    """A link that does not work any more is replaced by a new one."""
    made = await stage.call("generate_media", _FILM)
    for block in made.content:
        if block.type == "resource_link":
            block.uri = block.uri.replace("signature=", "signature=0")
    async with stage.present(_FILM, made) as view:
        await plays(view, "video")
        assert [tool for tool, _ in view.calls] == ["get_job"]
        view.complaints.clear()  # the browser's own, about the link that did not work


async def unlinked(stage: Stage) -> None:
    """Without a link a large film shows its poster, and says where it is."""
    made = await stage.call("generate_media", _FILM)
    made.content = [block for block in made.content if block.type != "resource_link"]
    async with stage.present(_FILM, made) as view:
        await expect(view.find("video")).to_have_attribute("poster", starts("data:image/"))
        await expect(view.find(".stage .empty")).to_contain_text("at the path below")


async def unstoppable(stage: Stage) -> None:
    """A job that cannot be stopped says so, and is followed."""
    async with stage.play("generate_media", {"kind": "music", "prompt": "an overture", "wait_seconds": 0}) as view:
        await view.button("Stop").click()
        await expect(view.find(".problem")).to_contain_text("cannot")
        await expect(view.find(".state")).to_contain_text("composing")


async def small(stage: Stage) -> None:
    """A small picture is read as over stdio."""
    async with stage.play("generate_media", {"prompt": "a square"}) as view:
        await expect(view.find(".stage img")).to_have_attribute("src", starts("data:image/png"))
        assert await size(view.find(".stage img")) == (16, 16)


HTTP_SCENES: Mapping[str, Callable[[Stage], Awaitable[None]]] = {
    f"http {scene.__name__}": scene for scene in (by_link, renewed, unlinked, unstoppable, small)
}


@cache
def _film() -> bytes:
    """Return a short film, and a box that players pass over to bring it above what can be read."""
    frames = [Image.new("RGB", (640, 360), "#1d3a4a") for _ in range(_FRAMES)]
    for number, frame in enumerate(frames):
        ImageDraw.Draw(frame).circle((60 + 11 * number, 180), 48, fill="#f2b84b")
    filler = b"free" + bytes(MAX_RESOURCE)
    return film(frames) + (len(filler) + 4).to_bytes(4) + filler
