"""What only the whole server can do with ComfyUI: choose a workflow, collect work after a death, trust the engine."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fakes.backends import fake as another
from fakes.comfyui import FakeComfyUI
from fakes.comfyui.workflows import write
from fakes.engines import NO_WAIT, continue_edit, generate, get_job, newest_job, read_files
from fakes.server import ask, started
from mediasmith.config.installation import Installation
from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings
from mediasmith.engine.bootstrap import open_engine
from mediasmith.engine.use_cases import Engine
from mediasmith.plugin.errors import InvalidRequest, ProviderError
from mediasmith.runtime.clock import SystemClock
from mediasmith.testing import png
from mediasmith_backends.comfyui import backend

SWIFT = replace(backend, capabilities=tuple(replace(one, every=0.01) for one in backend.capabilities))
FOLDER = "MEDIASMITH_COMFYUI_WORKFLOWS"


@asynccontextmanager
async def opened(folder: Path, env: dict[str, str], *backends: Any) -> AsyncGenerator[Engine]:
    async with open_engine(
        settings=Settings(data_dir=folder / "data", output_dir=folder / "out", allowed_dirs=(folder,)),
        env=env,
        backends=Registry(backends={one.name: one for one in backends or (SWIFT,)}, broken={}),
        clock=SystemClock(),
    ) as engine:
        yield engine


@pytest.fixture
async def engine(fake: FakeComfyUI, tmp_path: Path) -> AsyncGenerator[Engine]:
    async with opened(tmp_path, fake.env(write(tmp_path / "flows"))) as engine:
        yield engine


def installed(**env: str) -> Installation:
    return Installation.load(settings=Settings(), env=env, backends=Registry(backends={"comfyui": backend}, broken={}))


def test_without_a_folder_it_is_not_ready_and_says_what_to_set() -> None:
    for env in ({}, {"MEDIASMITH_COMFYUI_BASE_URL": "http://127.0.0.1:8188"}):
        assert installed(**env).missing["comfyui"].startswith(f"set {FOLDER} to a folder")


def test_what_no_workflow_makes_is_not_offered_and_problems_name_their_files(tmp_path: Path) -> None:
    here = installed(**{FOLDER: str(write(tmp_path, draw={"nodes": [], "links": []}, film={}))})
    assert "none of the models" in here.missing["comfyui"]
    assert [problem.partition(" is ")[0] for problem in here.problems] == ["comfyui: draw.json", "comfyui: film.json"]


async def test_the_engine_of_the_user_is_chosen_first_and_free(fake: FakeComfyUI, tmp_path: Path) -> None:
    provider = another("provider", preference=10)
    async with opened(tmp_path, fake.env(write(tmp_path / "flows")), SWIFT, provider) as engine:
        result = await generate(engine, kind="image")
        free = await generate(engine, kind="image", size="64x64", max_cost_usd=0)
    assert (result.status, result.backend, result.model) == ("done", "comfyui", "draw")
    assert (free.status, free.backend) == ("done", "comfyui")
    assert result.files[0].mime == "image/png"


async def test_files_come_from_the_usual_address_though_no_url_is_set(fake: FakeComfyUI, tmp_path: Path) -> None:
    here = replace(SWIFT, local_url=fake.url)
    async with opened(tmp_path, {FOLDER: str(write(tmp_path / "flows"))}, here) as engine:
        result = await generate(engine, kind="image")
    assert (result.status, len(read_files(result))) == ("done", 1)


async def test_an_image_is_edited_by_a_workflow_that_takes_one(fake: FakeComfyUI, engine: Engine) -> None:
    first = await generate(engine, kind="image", size="64x64")
    again = await continue_edit(engine, first.continuation_id, seed=7)
    assert (again.status, again.model) == ("done", "redraw")
    assert "POST /upload/image" in fake.counts()


async def test_options_of_a_workflow_are_checked_and_sent(fake: FakeComfyUI, engine: Engine) -> None:
    await generate(engine, kind="image", model="draw", options={"steps": "8"})
    assert fake.log()[-1]["path"].startswith("/view")
    [sent] = [entry["body"] for entry in fake.log() if entry["path"] == "/prompt"]
    assert sent["prompt"]["5"]["inputs"]["steps"] == 8
    with pytest.raises(InvalidRequest, match="steps"):
        await generate(engine, kind="image", backend="comfyui", model="redraw", options={"steps": 8})


async def test_a_file_goes_to_the_workflow_that_takes_it(fake: FakeComfyUI, tmp_path: Path, engine: Engine) -> None:
    (tmp_path / "mask.png").write_bytes(png(colour=b"\0\0\0\0"))
    (tmp_path / "kite.png").write_bytes(png())
    result = await generate(engine, kind="image", image=[str(tmp_path / "kite.png")], mask=str(tmp_path / "mask.png"))
    assert (result.status, result.model, fake.counts()["POST /upload/image"]) == ("done", "retouch", 2)


async def test_a_lost_answer_is_collected_and_nothing_is_sent_again(fake: FakeComfyUI, engine: Engine) -> None:
    fake.script("POST /prompt", {"truncate": True})  # it is accepted, and the answer breaks off
    result = await generate(engine, kind="image")
    assert (result.status, fake.paid()) == ("done", 1)


async def test_a_request_that_never_came_ends_the_job_unbilled(fake: FakeComfyUI, engine: Engine) -> None:
    fake.script("POST /prompt", {"reset": True})
    with pytest.raises(ProviderError, match="knows no such job") as caught:
        await generate(engine, kind="image")
    assert (caught.value.billed, fake.paid()) == ("no", 1)


async def test_a_cancelled_job_is_stopped_there(fake: FakeComfyUI, engine: Engine) -> None:
    fake.settings(polls=10**6)
    begun = await generate(engine, kind="image", caller=NO_WAIT)
    await fake.seen("GET /queue")
    ended = await get_job(engine, begun.job_id, cancel=True)
    assert (ended.status, (await newest_job(engine)).status) == ("cancelled", "cancelled")
    assert not ended.warnings
    assert fake.counts().get("POST /queue", 0) + fake.counts().get("POST /interrupt", 0) == 1


async def test_work_that_was_sent_before_a_kill_is_collected_by_the_next_server(
    fake: FakeComfyUI, tmp_path: Path
) -> None:
    env = {**fake.env(write(tmp_path / "flows")), "MEDIASMITH_BACKENDS": "comfyui"}
    fake.script("POST /prompt", {"hang": True})
    async with started(tmp_path, env=env) as server, server.connected() as client:
        said = await ask(client, "generate_media", prompt="a red kite", kind="image", wait_seconds=0)
        await fake.seen("POST /prompt")
        await server.kill()
    fake.release()  # the request had come whole: it is accepted now, though nobody hears it
    async with opened(tmp_path, env) as engine:
        result = await get_job(engine, said["job_id"])
    assert (result.status, result.model, len(read_files(result))) == ("done", "draw", 1)
    assert fake.paid() == 1
