"""Links to files, over HTTP: signed, limited in time, and good for what a resource is too small for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from mcp import MCPError
from pydantic import SecretStr

from fakes.backends import fake
from fakes.http import Site, installed, site
from fakes.server import Era, ask, on_disk, remove, resource_links
from fakes.sites import TOKEN, backends, generate, link_to_large
from fakes.virtual_clock import VirtualClock
from mediasmith.mcp.content import MAX_RESOURCE
from mediasmith.plugin.contract import Call, Output, Result

NEW_LINK = "To get a new one, call get_job with the id of the job that made the file."


async def test_a_large_file_is_downloaded_by_its_link_without_a_token(guarded: Site, era: Era) -> None:
    async with guarded.client(era, TOKEN) as client, guarded.browser() as anyone:
        link, file = await link_to_large(client)
        assert link.startswith(f"{guarded.url}/files/{file['id']}?")
        fetched = await anyone.get(link)
        with pytest.raises(MCPError, match="6,291,457 bytes") as caught:
            await client.read_resource(file["uri"])
        [named] = re.findall(r"http://\S+", caught.value.message)
        again = await anyone.head(named)
    assert fetched.content == on_disk(file)
    assert fetched.headers["content-type"] == "image/png"
    assert fetched.headers["content-disposition"] == f'attachment; filename="{Path(file["path"]).name}"'
    assert (again.status_code, again.headers["content-length"], again.content) == (200, "6291457", b"")


async def test_a_link_supports_ranges(local: Site) -> None:
    async with local.client() as client, local.browser() as browser:
        link, file = await link_to_large(client)
        piece = await browser.get(link, headers={"Range": "bytes=1-3"})
        beyond = await browser.get(link, headers={"Range": "bytes=9999999-"})
    assert (piece.status_code, piece.content) == (206, on_disk(file)[1:4])
    assert piece.headers["content-range"] == f"bytes 1-3/{MAX_RESOURCE + 1}"
    assert beyond.status_code == 416


async def test_scripts_in_a_file_do_not_run_as_a_page_of_the_server(tmp_path: Path) -> None:
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'.ljust(MAX_RESOURCE + 1)

    async def draw(_call: Call[None, Any]) -> Result:
        return Result(outputs=(Output(body=drawing, mime="image/svg+xml"),))

    installation = installed(tmp_path, fake("large", start=draw))
    async with site(installation) as served, served.client() as client, served.browser() as browser:
        link, _ = await link_to_large(client)
        headers = (await browser.get(link)).headers
    assert headers["content-type"].startswith("image/svg+xml")
    assert "sandbox" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "private"
    assert headers["content-disposition"].startswith("attachment")


async def test_pages_of_other_origins_may_show_a_file_by_its_link(local: Site) -> None:
    async with local.client() as client, local.browser() as browser:
        link, _ = await link_to_large(client)
        assert (await browser.get(link)).headers["cross-origin-resource-policy"] == "cross-origin"


async def test_an_invalid_link_discloses_nothing(local: Site) -> None:
    async with local.client() as client, local.browser() as browser:
        link, file = await link_to_large(client)
        other = (await generate(client))["continuation_id"]
        bare, _, query = link.partition("?")
        wrong = [
            bare,
            link[:-1],
            re.sub(r"expires=\d+", "expires=9999999999", link),
            re.sub(r"expires=\d+", "expires=", link),
            link.replace(file["id"], other),
            link.replace(file["id"], "a" * 26),
            link.replace(file["id"], "..%2F..%2Fetc%2Fpasswd"),
            f"{bare}?{query.replace('signature=', 'signature=%ff')}",
        ]
        answers = [await browser.get(url) for url in wrong]
    assert {answer.status_code for answer in answers} <= {403, 404}
    assert [answer.status_code for answer in answers].count(404) <= 1  # a slash is of another path
    assert {answer.text for answer in answers if answer.status_code == 403} == {f"This link is not valid. {NEW_LINK}"}


async def test_a_link_expires_after_an_hour_and_get_job_gives_a_new_one(tmp_path: Path) -> None:
    clock = VirtualClock()
    installation = installed(tmp_path, *backends())
    async with site(installation, clock=clock) as served, served.client() as client, served.browser() as browser:
        link, _ = await link_to_large(client)
        await clock.advance(3599)
        assert (await browser.get(link)).status_code == 200
        await clock.advance(1)
        late = await browser.get(link)
        [job] = (await ask(client, "get_job"))["jobs"]
        [new_link] = resource_links(await client.call_tool("get_job", {"job_id": job["job_id"]}))
        assert (await browser.get(new_link.uri)).status_code == 200
    assert (late.status_code, late.text) == (410, f"This link has expired. {NEW_LINK}")


async def test_a_link_to_a_removed_file_says_so(local: Site) -> None:
    async with local.client() as client, local.browser() as browser:
        link, file = await link_to_large(client)
        remove(file)
        gone = await browser.get(link)
    assert (gone.status_code, gone.text) == (410, "The file no longer exists.")


async def test_a_library_that_cannot_be_read_is_a_short_error(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "library.sqlite3").write_bytes(b"not a library" * 100)
    async with site(installed(tmp_path)) as served, served.browser() as browser:
        answer = await browser.get("/files/aaaaaaaaaaaaaaaaaaaaaaaaaa?expires=1&signature=x")
    assert (answer.status_code, answer.text) == (503, "The file cannot be served at the moment. Try again later.")


async def test_links_begin_with_the_public_url(tmp_path: Path) -> None:
    url = "https://media.example.org/studio"
    installation = installed(tmp_path, *backends(), http_token=SecretStr(TOKEN), http_url=url)
    async with site(installation, url="") as served, served.client("auto", TOKEN) as client:
        link, _ = await link_to_large(client)
    assert link.startswith(f"{url}/files/")
