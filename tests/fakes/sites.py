"""What the tests of the server over HTTP share: its backends, a token, and calls."""

from __future__ import annotations

import io
import json
from typing import Any

from mcp import Client
from PIL import Image

from fakes.backends import capability, fake, png
from fakes.server import ask, resource_links, text
from mediasmith.mcp.content import MAX_RESOURCE
from mediasmith.plugin.contract import Backend, Call, Output, Result, Takes

TOKEN = "a-token-of-the-tests-0123456789"


async def noisy(call: Call[None, Any]) -> Result:
    """Make an image with a preview as large as previews get."""
    picture = io.BytesIO()
    Image.effect_noise((512, 512), 100).save(picture, "PNG")
    return Result(outputs=(Output(body=picture.getvalue(), mime="image/png"),))


async def large(call: Call[None, Any]) -> Result:
    """Make an image that is too large to be read as a resource."""
    return Result(outputs=(Output(body=png().ljust(MAX_RESOURCE + 1, b"\0"), mime="image/png"),))


def backends() -> list[Backend[Any]]:
    """Return the backends that tests need; the first one is chosen by default."""
    edits = capability(takes={"image": Takes(max=4)}, edits="image", preference=1)
    return [fake(capabilities=(edits,)), fake("noisy", start=noisy), fake("large", start=large)]


async def generate(client: Client, **arguments: Any) -> Any:
    """Call generate_media and return its answer."""
    return await ask(client, "generate_media", **{"prompt": "a lighthouse", **arguments})


async def link_to_large(client: Client) -> tuple[str, Any]:
    """Generate a file that is too large to be read, and return its link and the file."""
    result = await client.call_tool("generate_media", {"prompt": "a lighthouse", "backend": "large"})
    [link], [file] = resource_links(result), json.loads(text(result))["files"]
    return link.uri, file


def message(method: str, params: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
