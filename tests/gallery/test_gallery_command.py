"""The commands that serve the gallery: they print an address that opens it, and end at once."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import httpx2
import pytest
from anyio.abc import Process

from fakes.server import COMMAND, environment

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")


@asynccontextmanager
async def serving(folder: Path, *words: str, **env: str) -> AsyncGenerator[tuple[Process, str]]:
    """Start a command, and wait for the address that it prints."""
    process = await anyio.open_process([COMMAND, *words], env=environment(folder, env=env), cwd=folder)
    async with process:
        assert process.stderr
        text = ""
        with anyio.fail_after(30):
            while not (found := re.search(r"gallery at (\S+)\n|gallery is at (\S+)\n", text)):
                text += (await process.stderr.receive()).decode()
        yield process, found[1] or found[2]
        process.send_signal(signal.SIGTERM)
        with anyio.fail_after(5):
            assert await process.wait() == 0


@pytest.mark.parametrize("words", [("gallery", "--no-open"), ("serve", "--http", "--gallery", "--port", "0")])
async def test_the_printed_address_opens_the_gallery(tmp_path: Path, words: tuple[str, ...]) -> None:
    async with serving(tmp_path, *words) as (_, address):
        page, key = address.split("#key=")
        async with httpx2.AsyncClient(trust_env=False) as browser:
            assert (await browser.get(page)).status_code == 200
            assert (await browser.post(f"{page}/session", json={"key": key})).status_code == 204
            assert (await browser.get(f"{page}/api/files")).json() == {"files": [], "after": ""}
            models = await browser.post(page.replace("/gallery", "/mcp"), json={})
            assert (models.status_code == 404) == (words[0] == "gallery")


async def test_the_own_gallery_is_for_this_machine_whatever_is_set_for_http(tmp_path: Path) -> None:
    env = {"MEDIASMITH_HTTP_URL": "https://media.example.org", "MEDIASMITH_HTTP_TOKEN": "0123456789abcdef0123"}
    async with serving(tmp_path, "gallery", "--no-open", **env) as (_, address):
        assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+/gallery#key=[\w-]{43}", address)


async def test_an_open_page_does_not_keep_the_server(tmp_path: Path) -> None:
    async with serving(tmp_path, "gallery", "--no-open") as (_, address):
        page, key = address.split("#key=")
        browser = httpx2.AsyncClient(trust_env=False)
        await browser.post(f"{page}/session", json={"key": key})
        stream = await browser.send(browser.build_request("GET", f"{page}/api/events"), stream=True)
        await anext(stream.aiter_lines())
    await stream.aclose()
    await browser.aclose()


async def test_a_gallery_beside_mcp_needs_http(tmp_path: Path) -> None:
    run = await anyio.run_process([COMMAND, "serve", "--gallery"], env=environment(tmp_path), check=False)
    assert run.returncode == 2
    assert b"--gallery and --no-work need --http" in run.stderr
