"""Several servers on one library, as when each client starts its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from typing import Any

import anyio
import pytest
from mcp import Client

from fakes.children import Batch, child_process, generate_together
from fakes.provider import Provider
from fakes.server import Server, ask, environment, saved, started

TOGETHER = 8
ROUNDS = 4


@dataclass(frozen=True)
class Pair:
    """Two servers on one library, and a client of each."""

    folder: Path
    mine: Client
    server: Server
    other: Client

    async def begin(self, prompt: str) -> str:
        """A job that takes until the provider is asked to finish it, at the first server."""
        said = await ask(self.mine, "generate_media", prompt=prompt, backend="stub_slow", wait_seconds=0)
        assert said["status"] == "running"
        return said["job_id"]


@pytest.fixture(scope="module")
async def pair(process: Provider, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Pair]:
    folder = tmp_path_factory.mktemp("pair")
    async with (
        started(folder, process) as first,
        started(folder, process) as second,
        first.connected("auto") as mine,
        second.connected("legacy") as other,
    ):
        yield Pair(folder=folder, mine=mine, server=first, other=other)


def test_processes_that_start_together_share_one_library(tmp_path: Path, provider: Provider) -> None:
    env = environment(tmp_path, provider)
    with ExitStack() as stack:
        pipes: list[Any] = []
        for number in range(TOGETHER):
            prompts = [(("stub_now", "stub_job")[turn % 2], f"{number} at turn {turn}") for turn in range(ROUNDS)]
            pipes.append(stack.enter_context(child_process(generate_together, env, prompts))[1])
        assert [pipe.recv() for pipe in pipes] == ["ready"] * TOGETHER
        for pipe in pipes:
            pipe.send("start")
        batches: list[Batch] = [pipe.recv() for pipe in pipes]
    assert [batch.statuses for batch in batches] == [["done"] * ROUNDS] * TOGETHER
    assert {Path(path) for batch in batches for path in batch.paths} == set(saved(tmp_path))
    assert len(saved(tmp_path)) == TOGETHER * ROUNDS
    assert provider.paid() == TOGETHER * ROUNDS
    assert [batch.log for batch in batches] == [[]] * TOGETHER


async def test_a_job_of_a_living_process_is_watched_and_not_taken_over(pair: Pair, provider: Provider) -> None:
    job = await pair.begin("watched")
    await provider.seen("GET /jobs/{id}")
    heard: list[tuple[float, str | None]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append((progress, message))

    pair.server.send(SIGSTOP)
    try:
        asked = provider.counts()["GET /jobs/{id}"]
        # The owner is asleep and not dead: a poll now would mean that its job was taken over.
        said = await pair.other.call_tool("get_job", {"job_id": job, "wait_seconds": 2}, progress_callback=hear)
        assert provider.counts()["GET /jobs/{id}"] <= asked + 1  # which was on its way
    finally:
        pair.server.send(SIGCONT)
    assert not said.is_error
    assert {message for _, message in heard} == {"another server process works on it"}
    assert [progress for progress, _ in heard] == sorted({progress for progress, _ in heard})
    provider.finish()
    for client in (pair.mine, pair.other):
        assert (await ask(client, "get_job", job_id=job))["status"] == "done"
    assert provider.paid() == 1


async def test_another_process_can_wait_for_the_end_and_read_the_file(pair: Pair, provider: Provider) -> None:
    job = await pair.begin("waited for")
    answers: list[Any] = []

    async def wait() -> None:
        answers.append(await ask(pair.other, "get_job", job_id=job, wait_seconds=600))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        await provider.seen("GET /jobs/{id}", 3)
        provider.finish()
    [said] = answers
    assert said["status"] == "done"
    [content] = (await pair.other.read_resource(said["files"][0]["uri"])).contents
    assert content.mime_type == "image/png"
    assert provider.counts()["GET /files/{id}"] == 1


async def test_another_process_can_cancel_it_at_the_provider(pair: Pair, provider: Provider) -> None:
    job = await pair.begin("cancelled")
    await provider.seen("GET /jobs/{id}")
    await ask(pair.other, "get_job", job_id=job, cancel=True)
    assert provider.counts()["DELETE /jobs/{id}"] == 1
    for client in (pair.mine, pair.other):
        said = await ask(client, "get_job", job_id=job)
        assert (said["status"], "files" in said) == ("cancelled", False)
    assert provider.paid() == 1


async def test_another_process_can_edit_the_file(pair: Pair, provider: Provider) -> None:
    made = await ask(pair.mine, "generate_media", prompt="a lighthouse", backend="stub_now")
    edited = await ask(pair.other, "continue_edit", continuation_id=made["continuation_id"], prompt="redder")
    assert edited["parent"] == made["continuation_id"]
    recent = (await ask(pair.mine, "get_job"))["jobs"]
    assert [job["job_id"] for job in recent[:2]] == [edited["job_id"], made["job_id"]]


async def test_the_job_of_a_killed_process_is_taken_over_by_one_of_the_others(pair: Pair, provider: Provider) -> None:
    async with started(pair.folder, provider) as doomed, doomed.connected() as client:
        said = await ask(client, "generate_media", prompt="orphaned", backend="stub_slow", wait_seconds=0)
        await provider.seen("GET /jobs/{id}")
        await doomed.kill()
    provider.finish()
    answers: list[Any] = []

    async def collect(client: Client) -> None:
        answers.append(await ask(client, "get_job", job_id=said["job_id"]))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(collect, pair.mine)
        tasks.start_soon(collect, pair.other)
    assert [answer["status"] for answer in answers] == ["done", "done"]
    assert answers[0]["files"] == answers[1]["files"]
    assert provider.counts()["GET /files/{id}"] == 1
    assert provider.paid() == 1
