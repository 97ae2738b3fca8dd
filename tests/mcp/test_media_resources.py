"""What is known about a generated file, read as resources."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, MCPError
from mcp_types import BlobResourceContents, TextResourceContents
from PIL import Image

from fakes.backends import capability, fake
from fakes.http import installed
from fakes.server import ask, remove
from mediasmith.engine.bootstrap import lazy_engine
from mediasmith.mcp.server import MediaServer
from mediasmith.plugin.contract import Call, Output, Result, Takes
from mediasmith.plugin.media import wav


async def large(_call: Call[None, Any]) -> Result:
    picture = io.BytesIO()
    Image.new("RGB", (1600, 800)).save(picture, "PNG")
    return Result(outputs=(Output(body=picture.getvalue(), mime="image/png"),))


async def speak(_call: Call[None, Any]) -> Result:
    return Result(outputs=(Output(body=wav(bytes(800), rate=8000), mime="audio/wav"),))


@pytest.fixture
def server(tmp_path: Path) -> Any:
    edits = capability(start=large, takes={"image": Takes()}, edits="image")
    return installed(tmp_path, fake(capabilities=(edits,)), fake("voice", kind="speech", start=speak))


async def about(client: Client, file_id: str) -> Any:
    [content] = (await client.read_resource(f"media://{file_id}/about")).contents
    assert isinstance(content, TextResourceContents)
    assert content.mime_type == "application/json"
    return json.loads(content.text)


async def test_the_preview_of_a_file_is_a_small_picture(server: Any) -> None:
    async with lazy_engine(lambda: server) as opened, Client(MediaServer(opened)) as client:
        [file] = (await ask(client, "generate_media", prompt="a lighthouse"))["files"]
        [content] = (await client.read_resource(f"{file['uri']}/preview")).contents
    assert isinstance(content, BlobResourceContents)
    assert content.mime_type == "image/jpeg"
    assert Image.open(io.BytesIO(base64.b64decode(content.blob))).size == (512, 256)


async def test_what_has_no_preview_or_no_file_is_not_found(server: Any) -> None:
    async with lazy_engine(lambda: server) as opened, Client(MediaServer(opened)) as client:
        [sound] = (await ask(client, "generate_media", kind="speech", prompt="Hello."))["files"]
        [gone] = (await ask(client, "generate_media", prompt="a lighthouse"))["files"]
        remove(gone)
        for file in (sound, gone):
            with pytest.raises(MCPError, match="There is no preview of the file at /"):
                await client.read_resource(f"{file['uri']}/preview")


async def test_a_file_tells_how_it_was_made_and_what_was_edited_from_it(server: Any) -> None:
    async with lazy_engine(lambda: server) as opened, Client(MediaServer(opened)) as client:
        first = await ask(client, "generate_media", prompt="a lighthouse", seed=7)
        origin = first["files"][0]["id"]
        edits = [
            (await ask(client, "continue_edit", continuation_id=origin, prompt=prompt))["files"][0]["id"]
            for prompt in ("at night", "in snow")
        ]
        told, of_edit = await about(client, origin), await about(client, edits[0])
    assert (told["file"], told["job_id"]) == (first["files"][0], first["job_id"])
    assert (told["prompts"], told["params"]["seed"], told["children"]) == (["a lighthouse"], 7, [*reversed(edits)])
    assert (of_edit["prompts"], of_edit["parent"]) == (["a lighthouse", "at night"], origin)
    assert "children" not in of_edit
