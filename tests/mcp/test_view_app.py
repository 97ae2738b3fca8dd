"""The view as a client is offered it: one page, for those that can show it, and nothing changed for models."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, MCPError
from mcp.client.extension import advertise
from mcp_types import CallToolResult, TextResourceContents

from fakes.backends import fake
from fakes.http import ANN, Users, installed, site
from fakes.server import ERAS, Era
from mediasmith.engine.bootstrap import lazy_engine
from mediasmith.mcp.content import MAX_RESOURCE
from mediasmith.mcp.server import MediaServer
from mediasmith.mcp.viewer.view_app import VIEW_URI, card_script, view_html

MOST_BYTES = 24 * 1024

APP = "text/html;profile=mcp-app"

SHOWS_APPS = advertise("io.modelcontextprotocol/ui", {"mimeTypes": [APP]})


@asynccontextmanager
async def connected(folder: Path, era: Era = "auto", *, apps: bool = True, **settings: Any) -> AsyncGenerator[Client]:
    """Connect a client that shows apps, or does not, to a server with these settings."""
    installation = installed(folder, fake(), **settings)
    async with (
        lazy_engine(lambda: installation) as opened,
        Client(MediaServer(opened), mode=era, extensions=[SHOWS_APPS] if apps else []) as client,
    ):
        yield client


async def metas(client: Client) -> dict[str, Any]:
    return {tool.name: tool.meta for tool in (await client.list_tools()).tools}


async def read(client: Client) -> TextResourceContents:
    [content] = (await client.read_resource(VIEW_URI)).contents
    assert isinstance(content, TextResourceContents)
    return content


def test_the_page_is_one_small_file_that_needs_nothing_else() -> None:
    page = view_html()
    assert len(page.encode()) <= MOST_BYTES
    assert not re.findall(r"https?://|@import|^\s*(?:import|export)\b| src=| href=|innerHTML", page, re.MULTILINE)
    assert page.count("<script") == page.count("</script>") == 1
    assert "__VERSION__" not in page
    assert "MAX_RESOURCE = 6 * 1024 * 1024;" in page
    assert MAX_RESOURCE == 6 * 1024 * 1024
    for sentence in ("Edited from ", "ui/initialize", "light-dark("):
        assert sentence in page


def test_what_pages_share_is_one_module() -> None:
    script = card_script()
    assert "export class Card" in script
    assert not re.search(r"^import\b", script, re.MULTILINE)


@pytest.mark.parametrize("era", ERAS)
async def test_three_tools_point_to_the_view_in_both_forms(tmp_path: Path, era: Era) -> None:
    meta = {"ui": {"resourceUri": VIEW_URI}, "ui/resourceUri": VIEW_URI}
    async with connected(tmp_path, era) as client:
        assert await metas(client) == {
            "generate_media": meta,
            "continue_edit": meta,
            "get_job": meta,
            "list_backends": None,
        }


@pytest.mark.parametrize("era", ERAS)
async def test_the_view_is_read_with_what_it_needs_from_its_host(tmp_path: Path, era: Era) -> None:
    async with connected(tmp_path, era) as client:
        content = await read(client)
    assert (content.uri, content.mime_type, content.text) == (VIEW_URI, APP, view_html())
    assert content.meta == {"ui": {"permissions": {"clipboardWrite": {}}, "prefersBorder": True}}


A_FLEET = {
    "database_url": "postgresql://one.invalid/media",
    "store_url": "s3://media",
    "store_public_url": "https://files.example.org/path",
    "secret": "s" * 32,
}


@pytest.mark.parametrize(
    ("settings", "stores"), [({}, []), (A_FLEET, ["https://files.example.org"])], ids=["one machine", "fleet"]
)
async def test_over_http_the_view_may_show_media_from_the_addresses_of_links(
    tmp_path: Path, settings: Any, stores: list[str]
) -> None:
    installation = installed(tmp_path, fake(), **settings)
    address = "https://media.example.org:8443/sub"
    async with site(installation, url=address, token_verifier=Users()) as served, served.client(token=ANN) as client:
        content = await read(client)
    assert content.meta
    assert content.meta["ui"]["csp"] == {"resourceDomains": ["https://media.example.org:8443", *stores]}


@pytest.mark.parametrize("era", ERAS)
async def test_the_view_is_listed_only_to_clients_that_show_apps(tmp_path: Path, era: Era) -> None:
    async with connected(tmp_path, era) as client:
        [listed] = (await client.list_resources()).resources
        assert (listed.uri, listed.mime_type) == (VIEW_URI, APP)
    async with connected(tmp_path, era, apps=False) as client:
        assert (await client.list_resources()).resources == []


@pytest.mark.parametrize("era", ERAS)
async def test_the_view_can_be_switched_off(tmp_path: Path, era: Era) -> None:
    async with connected(tmp_path, era, view=False) as client:
        assert set((await metas(client)).values()) == {None}
        assert (await client.list_resources()).resources == []
        with pytest.raises(MCPError):
            await client.read_resource(VIEW_URI)


@pytest.mark.parametrize("era", ERAS)
async def test_models_receive_the_same_with_and_without_it(tmp_path: Path, era: Era) -> None:
    received = [await conversation(tmp_path / str(view), era, view=view) for view in (True, False)]
    assert received[0] == received[1]


async def conversation(folder: Path, era: Era, *, view: bool) -> list[str]:
    """Return all that a model is given in a conversation, with ids and times replaced."""
    async with connected(folder, era, view=view) as client:
        offered = [
            (tool.name, tool.title, tool.description, tool.input_schema) for tool in (await client.list_tools()).tools
        ]
        made = await client.call_tool("generate_media", {"prompt": "a lighthouse"})
        said = json.loads(made.model_dump()["content"][0]["text"])
        edited = await client.call_tool("continue_edit", {"continuation_id": said["files"][0]["id"], "prompt": "night"})
        collected = await client.call_tool("get_job", {"job_id": said["job_id"]})
        failed = await client.call_tool("get_job", {"job_id": "none"})
        return [
            str(client.instructions),
            json.dumps(offered),
            *(normalized(result, folder) for result in (made, edited, collected, failed)),
        ]


def normalized(result: CallToolResult, folder: Path) -> str:
    text = result.model_dump_json(by_alias=True).replace(str(folder), "")
    return re.sub(r"\d{8}-\d{6}|[a-z2-7]{26}|-[a-z2-7]{8}\b", "", text)


async def test_the_page_is_put_together_only_when_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts: list[str] = []
    whole = Path.read_text

    def noted(path: Path, encoding: str | None = None) -> str:
        parts.append(path.name)
        return whole(path, encoding)

    monkeypatch.setattr(Path, "read_text", noted)
    async with connected(tmp_path) as client:
        await client.list_tools()
        await client.list_resources()
        assert "view.html" not in parts
        await read(client)
    assert "view.html" in parts
