"""What the page asks: files and their pictures, trees, sums, calls of tools, and what happens in other processes."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import anyio
import pytest
from PIL import Image

from fakes.backends import capability, fake
from fakes.engines import Scripted, accepted, per_image
from fakes.films import film, sound
from fakes.galleries import GallerySite, Visitor, gallery_site
from fakes.http import installed
from fakes.records import a_job, a_task
from fakes.server import on_disk, remove
from mediasmith.config.caller import Caller
from mediasmith.engine.use_cases import Engine
from mediasmith.plugin.contract import Backend, Call, Model, Output, Pending, Result, Takes
from mediasmith.storage.library.store import Library

DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>'


def making(body: bytes, mime: str) -> Any:
    async def start(call: Call[None, Any]) -> Result:
        return Result(outputs=(Output(body=body, mime=mime),))

    return start


@cache
def backends() -> list[Backend[Any]]:
    edits = capability(
        takes={"image": Takes(max=4)}, edits="image", preference=1, models=(Model(id="fake-1", prices=per_image(0.25)),)
    )
    return [
        fake(capabilities=(edits,)),
        fake("film", kind="video", start=making(film([Image.new("RGB", (64, 48), "teal")] * 3), "video/mp4")),
        fake("voice", kind="speech", start=making(sound("audio/mpeg", 1.0), "audio/mpeg")),
        fake("vector", start=making(DRAWING, "image/svg+xml")),
        fake("broken", kind="music", start=making(sound("audio/mpeg", 1.0)[:400], "audio/mpeg")),
    ]


@pytest.fixture
async def served(tmp_path: Path) -> AsyncGenerator[GallerySite]:
    async with gallery_site(installed(tmp_path, *backends())) as served:
        yield served


@pytest.fixture
async def visitor(served: GallerySite) -> AsyncGenerator[Visitor]:
    async with served.visitor() as visitor:
        yield visitor


def path_of(file: Mapping[str, Any]) -> Path:
    return Path(file["path"])


def exists(file: Mapping[str, Any]) -> bool:
    return path_of(file).exists()


def overwrite(file: Mapping[str, Any], data: bytes) -> None:
    path_of(file).write_bytes(data)


def pictures(folder: Path) -> dict[str, bytes]:
    """Return the kept pictures, by the ids of their files."""
    return {path.stem: path.read_bytes() for path in (folder / "data" / "thumbnails").iterdir()}


async def prompts(visitor: Visitor, **query: str) -> list[str]:
    return [file["prompt"] for file in (await visitor.get("/api/files", **query))["files"]]


async def test_an_empty_library_is_shown_as_empty(visitor: Visitor, tmp_path: Path) -> None:
    assert await visitor.get("/api/files") == {"files": [], "after": ""}
    assert await visitor.get("/api/counts") == {"kind": {}, "backend": {}}
    spent = await visitor.get("/api/spent")
    assert (len(spent["days"]), spent["spent"]) == (30, [])


async def test_files_are_found_by_what_is_known_of_them(visitor: Visitor) -> None:
    await visitor.make("a Lighthouse")
    await visitor.make("a film", kind="video")
    assert await prompts(visitor) == ["a film", "a Lighthouse"]
    assert await prompts(visitor, kind="video") == await prompts(visitor, backend="film") == ["a film"]
    assert await prompts(visitor, text="  lightHOUSE ") == ["a Lighthouse"]
    assert await prompts(visitor, since="1", before="2") == []
    assert await visitor.get("/api/counts") == {"kind": {"image": 1, "video": 1}, "backend": {"fake": 1, "film": 1}}
    for query in ({"since": "soon"}, {"after": "soon x"}):
        assert (await visitor.browser.get("/gallery/api/files", params=query)).status_code == 400


async def test_more_files_than_a_page_has_follow_on_the_next_ones(visitor: Visitor) -> None:
    for number in range(4):
        result = await visitor.call(
            "generate_media", prompts=[f"{number}-{part}" for part in range(16)], wait_seconds=30
        )
        assert result["status"] == "done"
    first = await visitor.get("/api/files")
    second = await visitor.get("/api/files", after=first["after"])
    assert (len(first["files"]), len(second["files"]), second["after"]) == (60, 4, "")
    assert len({file["id"] for file in [*first["files"], *second["files"]]}) == 64


async def test_a_file_is_served_whole_in_parts_and_for_saving(visitor: Visitor) -> None:
    file = await visitor.make("a film", kind="video")
    saved = on_disk(file)
    whole = await visitor.browser.get(f"/gallery/files/{file['id']}")
    assert (whole.content, whole.headers["content-type"]) == (saved, "video/mp4")
    assert whole.headers["content-disposition"].startswith("inline")
    assert "immutable" in whole.headers["cache-control"]
    part = await visitor.browser.get(f"/gallery/files/{file['id']}", headers={"Range": "bytes=3-9"})
    assert (part.status_code, part.content) == (206, saved[3:10])
    kept = await visitor.browser.get(f"/gallery/files/{file['id']}?download")
    assert kept.headers["content-disposition"].startswith("attachment")
    remove(file)
    assert (await visitor.browser.get(f"/gallery/files/{file['id']}")).status_code == 404


@pytest.mark.parametrize(
    ("kind", "mime"), [("image", "image/jpeg"), ("video", "image/jpeg"), ("speech", "image/svg+xml")]
)
async def test_a_picture_is_made_once_and_kept(visitor: Visitor, tmp_path: Path, kind: str, mime: str) -> None:
    file = await visitor.make("something", kind=kind)
    first = await visitor.browser.get(f"/gallery/thumbnails/{file['id']}")
    assert first.headers["content-type"] == mime
    assert "immutable" in first.headers["cache-control"]
    overwrite(file, b"no media")
    again = await visitor.browser.get(f"/gallery/thumbnails/{file['id']}")
    assert again.content == first.content
    assert pictures(tmp_path) == {file["id"]: first.content}


async def test_a_drawing_is_its_own_picture_and_runs_nothing(visitor: Visitor) -> None:
    file = await visitor.make("a logo", backend="vector")
    answer = await visitor.browser.get(f"/gallery/thumbnails/{file['id']}")
    assert answer.content == on_disk(file)
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"


async def test_a_file_that_cannot_be_read_has_no_picture(visitor: Visitor) -> None:
    file = await visitor.make("noise", kind="music")
    overwrite(file, b"no media")
    assert (await visitor.browser.get(f"/gallery/thumbnails/{file['id']}")).status_code == 404


async def test_an_edit_is_made_through_the_engine_and_stands_in_the_tree(visitor: Visitor) -> None:
    file = await visitor.make("a fox")
    price = await visitor.call("continue_edit", continuation_id=file["id"], prompt="at night", n=3, dry_run=True)
    assert (price["status"], price["cost"]["usd"]) == ("dry_run", 0.75)
    assert await prompts(visitor) == ["a fox"]
    edit = await visitor.call("continue_edit", continuation_id=file["id"], prompt="at night", wait_seconds=30)
    tree = (await visitor.get(f"/api/files/{file['id']}/tree"))["files"]
    assert [(one["prompt"], one["parent"]) for one in tree] == [("a fox", ""), ("at night", file["id"])]
    about = await visitor.get(f"/api/files/{edit['continuation_id']}")
    assert (about["prompts"], about["parent"]) == (["a fox", "at night"], file["id"])
    assert (await visitor.get(f"/api/files/{file['id']}"))["children"] == [edit["continuation_id"]]


async def test_refusals_and_prices_hold_as_for_models(tmp_path: Path) -> None:
    async with gallery_site(installed(tmp_path, *backends(), max_cost_usd=0.1)) as served, served.visitor() as visitor:
        result = await visitor.result("generate_media", {"prompt": "a fox"})
        assert result["isError"]
        assert "MEDIASMITH_MAX_COST_USD" in result["content"][0]["text"]


@pytest.mark.parametrize(
    "body", [[], {}, {"name": "delete", "arguments": {}}, {"name": "get_job"}, {"name": "get_job", "arguments": []}]
)
async def test_what_is_no_call_is_refused(visitor: Visitor, body: object) -> None:
    assert (await visitor.browser.post("/gallery/api/call", json=body)).status_code == 400


async def test_a_body_that_is_no_json_is_refused(visitor: Visitor) -> None:
    headers = {"content-type": "application/json"}
    assert (await visitor.browser.post("/gallery/api/call", content=b"{", headers=headers)).status_code == 400


async def test_an_internal_error_is_answered_and_logged(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_given: object) -> None:
        raise RuntimeError("what only the log shows")

    monkeypatch.setattr(Engine, "list_backends", fail)
    result = await visitor.result("list_backends", {})
    assert result["isError"]
    assert result["content"][0]["text"] == "Mediasmith failed with an internal error (RuntimeError)."
    assert "what only the log shows" in caplog.text


async def test_a_body_without_end_is_not_read(visitor: Visitor) -> None:
    body = {"name": "list_backends", "arguments": {"query": "x" * 1_100_000}}
    assert (await visitor.browser.post("/gallery/api/call", json=body)).status_code == 400


async def test_costs_are_summed_by_day_and_backend(visitor: Visitor) -> None:
    await visitor.make("a fox")
    await visitor.make("a fox", n=2)
    spent = await visitor.get("/api/spent")
    assert spent["spent"] == [{"day": spent["days"][-1], "backend": "fake", "usd": 0.75, "unknown": 0}]
    assert datetime.fromtimestamp(spent["days"][-1], UTC).hour == 0


async def test_a_deleted_file_is_gone_from_disk_library_and_pictures(visitor: Visitor, tmp_path: Path) -> None:
    file, other = await visitor.make("a fox"), await visitor.make("an owl")
    await visitor.browser.get(f"/gallery/thumbnails/{file['id']}")
    answer = await visitor.browser.delete(f"/gallery/api/files/{file['id']}")
    assert (answer.status_code, answer.json()) == (200, {"note": ""})
    assert not exists(file)
    assert exists(other)
    assert pictures(tmp_path) == {}
    assert await prompts(visitor) == ["an owl"]
    assert (await visitor.result("continue_edit", {"continuation_id": file["id"], "prompt": "x"}))["isError"]
    assert (await visitor.browser.delete(f"/gallery/api/files/{file['id']}")).status_code == 404


async def test_a_file_that_its_owner_has_changed_is_not_deleted(visitor: Visitor) -> None:
    file = await visitor.make("a fox")
    overwrite(file, b"my own work")
    answer = await visitor.browser.delete(f"/gallery/api/files/{file['id']}")
    assert file["path"] in answer.json()["note"]
    assert on_disk(file) == b"my own work"
    assert await prompts(visitor) == []


async def test_a_library_that_cannot_be_read_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "library.sqlite3").write_bytes(b"no library" * 1000)
    async with gallery_site(installed(tmp_path, *backends())) as served, served.visitor() as visitor:
        for path in ("/api/files", "/api/counts", "/thumbnails/x", "/api/files/x"):
            answer = await visitor.browser.get(f"/gallery{path}")
            assert answer.status_code == 503
            assert "library.sqlite3 is damaged or is not a library" in answer.json()["error"]
        assert (await visitor.browser.get("/gallery/api/events")).text == ""


async def test_pictures_of_files_that_others_forgot_go_at_the_next_sign_in(served: GallerySite, tmp_path: Path) -> None:
    async with served.visitor() as visitor:
        file, other = await visitor.make("a fox"), await visitor.make("an owl")
        for one in (file, other):
            await visitor.browser.get(f"/gallery/thumbnails/{one['id']}")
        async with Library.open(tmp_path / "data" / "library.sqlite3") as library:
            await library.delete_artifact(file["id"], principal="local")
    async with served.visitor():
        with anyio.fail_after(20):
            while set(pictures(tmp_path)) != {other["id"]}:  # noqa: ASYNC110 - another task is at work on them
                await anyio.sleep(0.02)


async def running(lines: Any) -> list[str]:
    """Return the jobs of the next event."""
    async for line in lines:
        if line.startswith("data: "):
            return json.loads(line.removeprefix("data: "))["running"]
    raise AssertionError("the stream has ended")


async def test_jobs_of_every_process_are_told_as_they_begin_and_end(visitor: Visitor, tmp_path: Path) -> None:
    await visitor.make("a fox")
    async with Library.open(tmp_path / "data" / "library.sqlite3") as library:
        with anyio.fail_after(30):
            async with visitor.browser.stream("GET", "/gallery/api/events") as answer:
                assert answer.headers["content-type"].startswith("text/event-stream")
                lines = answer.aiter_lines()
                assert await running(lines) == []
                job = a_job("elsewhere", principal="local")
                await library.add_job(job, [a_task("elsewhere")])
                await library.add_job(a_job("bobs", principal="bob"), [])
                while (found := await running(lines)) != ["elsewhere"]:
                    assert found == []
                await library.save_job(replace(job, state="done"))
                while await running(lines) != []:
                    pass


async def test_a_running_job_is_watched_and_stopped(tmp_path: Path) -> None:
    provider = Scripted(accepted(), polls=[Pending(progress=0.5, message="drawing", after=1)] * 1000)
    backend = provider.backend(cancel=provider.cancel)
    async with gallery_site(installed(tmp_path, backend)) as served, served.visitor() as visitor:
        job = (await visitor.call("generate_media", prompt="a slow fox", wait_seconds=0))["job_id"]
        assert (await visitor.call("get_job", job_id=job))["status"] == "running"
        assert (await visitor.call("get_job", job_id=job, cancel=True))["status"] == "cancelled"
    assert provider.cancelled == ["job-1"]


async def test_watching_a_job_does_not_take_its_answer_from_who_asked_for_it(tmp_path: Path) -> None:
    provider = Scripted()
    async with gallery_site(installed(tmp_path, provider.backend())) as served, served.visitor() as visitor:
        engine = await served.opened.get()
        made = await engine.generate({"prompt": "a fox", "wait_seconds": 30}, Caller())  # its answer is lost
        with pytest.raises(ConnectionError), engine.lost_on_error(made):
            raise ConnectionError
        assert (await visitor.call("get_job", job_id=made.job_id))["status"] == "done"
        again = await engine.generate({"prompt": "a fox", "wait_seconds": 30}, Caller())
    assert again.job_id == made.job_id
    assert len(provider.calls) == 1
