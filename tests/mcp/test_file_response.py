"""Answers with files that are in a store: passed on, in ranges as well, or by a link to the store."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from fakes.records import an_artifact
from mediasmith.mcp.http.file_response import file_response
from mediasmith.storage.artifacts.local_artifacts import LocalArtifacts
from mediasmith.storage.library.records import Artifact

DATA = bytes(range(100))
HEADERS = {"X-Content-Type-Options": "nosniff"}


class Elsewhere(LocalArtifacts):
    """Files that a client cannot be given by their paths."""

    def path(self, artifact: Artifact) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]  # as a bucket has it
        """Return None."""

    async def presigned(self, artifact: Artifact, *, seconds: int) -> str:
        return f"https://files.example.org/{artifact.id}?seconds={seconds}"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncGenerator[httpx2.AsyncClient]:
    """A client of a server with one file."""
    (tmp_path / "my fox é.png").write_bytes(DATA)

    async def answer(request: Request) -> Response:
        artifact = an_artifact(path=str(tmp_path / request.path_params["name"]), bytes=len(DATA))
        redirect = "redirect" in request.query_params
        found = await file_response(request, Elsewhere(), artifact, headers=HEADERS, redirect=redirect)
        return found or PlainTextResponse("gone", 410)

    app = Starlette(routes=[Route("/{name}", answer)])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://server") as client:
        yield client


async def test_a_file_is_passed_on_whole(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/my fox é.png")
    assert (answer.status_code, answer.content) == (200, DATA)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-length"] == "100"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-disposition"] == "attachment; filename*=utf-8''my%20fox%20%C3%A9.png"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-9", 0, 10),
        ("bytes=90-", 90, 100),
        ("bytes=-5", 95, 100),
        ("bytes=95-500", 95, 100),
        ("bytes=-500", 0, 100),
    ],
)
async def test_a_range_is_passed_on(client: httpx2.AsyncClient, asked: str, start: int, end: int) -> None:
    answer = await client.get("/my fox é.png", headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, DATA[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/100"
    assert answer.headers["content-length"] == str(end - start)


@pytest.mark.parametrize("asked", ["bytes=100-", "bytes=9-5", "bytes=-0"])
async def test_a_range_outside_the_file_is_refused(client: httpx2.AsyncClient, asked: str) -> None:
    answer = await client.get("/my fox é.png", headers={"Range": asked})
    assert (answer.status_code, answer.content) == (416, b"")
    assert answer.headers["content-range"] == "bytes */100"


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "bytes=-", "words=0-1", "bytes=a-b"])
async def test_of_other_ranges_the_whole_file_is_sent(client: httpx2.AsyncClient, asked: str) -> None:
    answer = await client.get("/my fox é.png", headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, DATA)


async def test_the_headers_alone_come_without_the_file(client: httpx2.AsyncClient) -> None:
    answer = await client.head("/my fox é.png")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == "100"


async def test_a_client_that_can_reach_the_store_is_sent_there(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/my fox é.png?redirect", follow_redirects=False)
    assert answer.status_code == 307
    assert answer.headers["location"] == "https://files.example.org/fox?seconds=300"
    assert "no-store" in answer.headers["cache-control"]


async def test_a_file_that_is_gone_has_no_answer(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/other.png")).status_code == 410
