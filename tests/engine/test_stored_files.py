"""An engine whose files are in a store: its answers have links, and what it made is read and edited from anywhere."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from pydantic import SecretStr

from fakes.backends import png
from fakes.engines import Scripted, continue_edit, generate, get_job, picture
from fakes.fleets import SECRET, Fleet
from mediasmith.config.caller import LOCAL
from mediasmith.engine.use_cases import Engine
from mediasmith.plugin.contract import Takes
from mediasmith.plugin.errors import InvalidRequest, NotAllowed, UnknownContinuation
from mediasmith.storage.signed_links import SignedLinks, link_keys

pytestmark = pytest.mark.fleet


@asynccontextmanager
async def replica(fleet: Fleet, provider: Scripted, **settings: Any) -> AsyncGenerator[Engine]:
    """A replica whose provider takes pictures."""
    async with fleet.replica("one", provider.backend(takes={"image": Takes()}, edits="image"), **settings) as engine:
        yield engine


async def fetched(url: str) -> bytes:
    """What a browser gets for a link."""
    async with httpx2.AsyncClient() as browser:
        return (await browser.get(url)).content


def left_on_disk(folder: Path) -> list[str]:
    """The files of results and inputs that replicas have left."""
    return [str(path) for path in folder.rglob("*") if path.is_file()]


async def test_an_answer_has_a_link_in_place_of_a_path(fleet: Fleet) -> None:
    async with replica(fleet, Scripted()) as engine:
        result = await generate(engine, output="bird.png")
        [file] = result.files
        assert file.path == ""
        assert '"path"' not in result.text()
        assert "/bird.png?" in file.url
        assert await fetched(file.url) == png()
        assert [preview.mime for preview in await engine.previews(result)] == ["image/jpeg"]
        assert (await get_job(engine, result.job_id)).files[0].path == ""


async def test_links_lead_to_the_replicas_where_these_have_an_address(fleet: Fleet) -> None:
    address = "https://media.example.org"
    async with replica(fleet, Scripted(), http_url=address, secret=SECRET) as engine:
        result = await generate(engine)
        about = await engine.about(result.files[0].id, LOCAL)
    shared = SignedLinks(base=address, keys=link_keys([SecretStr(SECRET)]))
    for file in (result.files[0], about.file):
        query = dict(parse_qsl(urlsplit(file.url).query))
        assert file.url.startswith(f"{address}/files/{file.id}?")
        assert shared.is_valid(file.id, LOCAL, expires=query["expires"], signature=query["signature"])


async def test_another_replica_edits_what_one_has_made(fleet: Fleet) -> None:
    sent: list[bytes] = []

    async def edit(call: Any) -> Any:
        sent.extend([await source.read() for source in call.inputs["image"]])
        return picture()

    async with replica(fleet, Scripted()) as engine:
        made = await generate(engine)
    async with replica(fleet, Scripted(edit, edit)) as other:
        edited = await continue_edit(other, made.continuation_id)
        await generate(other, image=[f"media://{made.continuation_id}"])
    assert edited.parent == made.continuation_id
    assert sent == [png(), png()]
    assert left_on_disk(fleet.folder) == []


async def test_a_deleted_file_is_gone_from_the_store(fleet: Fleet) -> None:
    async with replica(fleet, Scripted(picture(state={"id": 1}), picture())) as engine:
        one, other = await generate(engine), await generate(engine)
        assert await engine.delete(one.files[0].id, LOCAL) == ""
        with pytest.raises(UnknownContinuation):
            await continue_edit(engine, one.files[0].id)
        [artifact] = await engine.library.artifacts(other.job_id)
        await engine.files.delete(artifact)
        with pytest.raises(InvalidRequest, match=r"cannot be read: image: The file of media://.* does not exist"):
            await continue_edit(engine, other.files[0].id)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"image": ["/tmp/fox.png"]}, "image: Files cannot be given by their paths"),
        ({"output": "folder/fox.png"}, "output: the files of this server are kept in a store"),
    ],
)
async def test_paths_of_one_disk_are_refused_by_name(fleet: Fleet, given: Any, said: str) -> None:
    async with replica(fleet, Scripted()) as engine:
        with pytest.raises(NotAllowed, match=said):
            await generate(engine, **given)
