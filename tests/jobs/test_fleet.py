"""Replicas of a fleet do one another's work: each promise holds whichever of them is asked, and whichever dies."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from anyio import to_thread

from fakes.backends import AnyJson, Fields, png
from fakes.children import child_process, stub_backends
from fakes.engines import (
    NO_WAIT,
    WAIT_FOR_END,
    Scripted,
    accepted,
    continue_edit,
    generate,
    generate_batch,
    get_job,
    hang,
    per_image,
    picture,
)
from fakes.fleets import Fleet, ended, generate_in_child, stop_beating, until
from fakes.provider import PAYING, Provider
from fakes.s3 import running_store
from fakes.server import Gate
from mediasmith.config.caller import Caller
from mediasmith.jobs.recovery import Recovery
from mediasmith.jobs.runner.ownership import UNCLAIMED
from mediasmith.plugin.contract import Model, Pending, Takes
from mediasmith.plugin.errors import InvalidRequest, MediaError, OverBudget, Overloaded
from mediasmith.storage.inputs.bucket_inputs import BucketInputs
from mediasmith.storage.library.calls import CallRecords
from mediasmith.storage.library.replicas import Replicas

if TYPE_CHECKING:
    from fakes.postgres import PostgresServer

pytestmark = pytest.mark.fleet


def paid(provider: Provider, prompt: str) -> int:
    """How often a provider was paid for a prompt."""
    return sum(
        f"{entry['method']} {entry['path']}" in PAYING and entry["body"]["prompt"] == prompt for entry in provider.log()
    )


async def test_what_one_replica_has_made_another_one_edits_and_reads(fleet: Fleet) -> None:
    provider = Scripted(picture(state="s1"))
    backend = provider.backend(takes={"image": Takes()}, edits="image")
    async with fleet.replica("a", backend) as a, fleet.replica("b", backend) as b:
        made = await generate(a)
        [file] = made.files
        assert (file.path, file.url.startswith("http://127.0.0.1")) == ("", True)
        edited = await continue_edit(b, made.continuation_id)
        assert edited.parent == file.id
        assert provider.states == [None, "s1"]
        artifact = await b.artifact(edited.files[0].id, "local")
        assert await a.files.read(artifact) == png()


async def test_a_replica_that_waits_hears_of_the_end_at_once(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mediasmith.jobs.runner.notified_wakeups._LOOK_SECONDS", 600.0)
    gate, provider = Gate(), Scripted()
    async with fleet.replica("a", provider.backend(start=gate)) as a, fleet.replica("b", provider.backend()) as b:
        job_id = (await generate(a, caller=NO_WAIT)).job_id
        await gate.reached.wait()
        async with anyio.create_task_group() as task_group:
            task_group.start_soon(get_job, b, job_id)
            await anyio.sleep(0.1)
            gate.open.set()
            task_group.cancel_scope.deadline = anyio.current_time() + 5
        assert not task_group.cancel_scope.cancelled_caught


@pytest.mark.parametrize("backend", ["stub_job", "stub_slow"])
async def test_work_of_a_killed_replica_is_collected_by_another_and_paid_once(
    fleet: Fleet, process: Provider, backend: str
) -> None:
    process.settings(polls={"job-1": 1_000_000, "slow-1": 1_000_000})
    arguments = {"prompt": f"a film by {backend}", "backend": backend}
    env = {**fleet.variables("a"), **process.env()}
    other = Fleet(env={**fleet.env, **process.env()}, folder=fleet.folder)
    with child_process(generate_in_child, env, arguments, 1) as (child, pipe):
        job_id = await to_thread.run_sync(pipe.recv)
        child.kill()
    process.finish()
    async with other.replica("b", *stub_backends().backends.values()) as b:
        assert await ended(b, job_id) == "done"
    assert paid(process, f"a film by {backend}") == 1


async def test_what_a_killed_replica_had_queued_is_sent_by_another(fleet: Fleet, process: Provider) -> None:
    process.script("POST /make", {"hang": True})
    env = {**fleet.variables("a", concurrency=1), **process.env()}
    other = Fleet(env={**fleet.env, **process.env()}, folder=fleet.folder)
    arguments = {"prompts": ["the first", "the second"], "backend": "stub_now"}
    with child_process(generate_in_child, env, arguments, 1) as (child, pipe):
        job_id = await to_thread.run_sync(pipe.recv)
        child.kill()
    async with other.replica("b", *stub_backends().backends.values()) as b:
        assert await ended(b, job_id) == "partial"
        phases = sorted((task.phase, task.billed) for task in await b.library.tasks(job_id))
    assert phases == [("done", "yes"), ("unknown", "unknown")]
    assert [paid(process, prompt) for prompt in ("the first", "the second")] == [1, 1]


async def test_what_was_queued_while_its_call_still_waited_is_sent_by_another(fleet: Fleet, process: Provider) -> None:
    process.script("POST /make", {"hang": True})
    env = {**fleet.variables("a", concurrency=1), **process.env()}
    other = Fleet(env={**fleet.env, **process.env()}, folder=fleet.folder)
    arguments = {"prompts": ["a first one", "a second one"], "backend": "stub_now"}
    begun = process.counts().get("POST /make", 0)
    with child_process(generate_in_child, env, arguments, -1) as (child, _):
        await process.seen("POST /make", begun + 1)
        await anyio.sleep(1.5)
        child.kill()
    async with other.replica("b", *stub_backends().backends.values()) as b:
        [job] = await b.library.unfinished()
        assert await ended(b, job.id) == "partial"
    assert [paid(process, prompt) for prompt in arguments["prompts"]] == [1, 1]


async def test_the_same_call_at_another_replica_after_a_hang_up_attaches(fleet: Fleet) -> None:
    gate, provider = Gate(), Scripted()
    backend = provider.backend(start=gate)
    async with fleet.replica("a", backend) as a, fleet.replica("b", backend) as b:
        with anyio.move_on_after(0.5):
            await a.generate({"prompt": "a red kite"}, WAIT_FOR_END)
        gate.open.set()
        assert (await generate(b)).status == "done"
    assert gate.calls == 1


async def test_the_same_call_after_its_replica_was_killed_attaches(fleet: Fleet, process: Provider) -> None:
    process.settings(polls={"job-1": 1_000_000})
    env = {**fleet.variables("a"), **process.env()}
    other = Fleet(env={**fleet.env, **process.env()}, folder=fleet.folder)
    arguments = {"prompt": "called twice", "backend": "stub_job"}
    with child_process(generate_in_child, env, arguments, -1) as (child, _):
        await process.seen("GET /jobs/{id}", process.counts().get("GET /jobs/{id}", 0) + 2)
        child.kill()
    async with other.replica("b", *stub_backends().backends.values()) as b, anyio.create_task_group() as task_group:
        task_group.start_soon(b.generate, arguments, WAIT_FOR_END)
        await anyio.sleep(1.0)
        process.finish()
    assert paid(process, "called twice") == 1


async def test_the_same_call_while_another_replica_answers_it_is_another_job(fleet: Fleet) -> None:
    provider = Scripted(hang, picture())
    backend = provider.backend()
    async with fleet.replica("a", backend) as a, fleet.replica("b", backend) as b, anyio.create_task_group() as group:
        group.start_soon(a.generate, {"prompt": "a red kite"}, WAIT_FOR_END)
        await anyio.sleep(0.3)
        assert (await generate(b)).status == "done"
        group.cancel_scope.cancel()
    assert len(provider.calls) == 2


async def test_a_request_id_makes_one_job_at_two_replicas_at_once(fleet: Fleet) -> None:
    provider = Scripted()
    backend = provider.backend()
    async with fleet.replica("a", backend) as a, fleet.replica("b", backend) as b:
        made: list[str] = []

        async def call(engine: Any) -> None:
            made.append((await generate(engine, request_id="order 7")).job_id)

        async with anyio.create_task_group() as task_group:
            for engine in (a, b, a, b):
                task_group.start_soon(call, engine)
    assert len(set(made)) == 1
    assert len(provider.calls) == 1


async def test_a_job_is_cancelled_through_any_replica(fleet: Fleet) -> None:
    provider = Scripted(accepted(), polls=[Pending(after=0.1)] * 1000)
    backend = provider.backend(cancel=provider.cancel)
    async with fleet.replica("a", backend) as a, fleet.replica("b", backend) as b:
        job_id = (await generate(a, caller=Caller(wait=0.3))).job_id
        assert (await get_job(b, job_id, cancel=True)).status == "cancelled"
    assert provider.cancelled == ["job-1"]


async def test_a_cancel_says_what_another_replica_cannot_stop(fleet: Fleet) -> None:
    provider = Scripted(accepted(), polls=[Pending(after=0.1)] * 1000)
    async with fleet.replica("a", provider.backend()) as a, fleet.replica("b", provider.backend()) as b:
        job_id = (await generate(a, caller=Caller(wait=0.3))).job_id
        with pytest.raises(InvalidRequest, match="cannot stop accepted work, so the job continues"):
            await get_job(b, job_id, cancel=True)


async def test_replicas_share_the_slots_of_a_backend(fleet: Fleet) -> None:
    gate, provider = Gate(), Scripted()
    backend = provider.backend(start=gate)
    async with fleet.replica("a", backend, concurrency=1) as a, fleet.replica("b", backend, concurrency=1) as b:
        first = (await generate(a, "one", caller=NO_WAIT)).job_id
        await gate.reached.wait()
        second = (await generate(b, "two", caller=NO_WAIT)).job_id
        await anyio.sleep(0.3)
        assert gate.calls == 1
        gate.open.set()
        assert [await ended(b, job_id) for job_id in (first, second)] == ["done", "done"]
    assert gate.calls == 2


async def test_a_slot_whose_taking_was_not_answered_is_given_back(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = Replicas.take_slot

    async def unanswered(*given: Any) -> bool:
        await take(*given)
        monkeypatch.setattr(Replicas, "take_slot", take)
        raise MediaError("The database cannot be reached.")

    monkeypatch.setattr(Replicas, "take_slot", unanswered)
    async with fleet.replica("a", Scripted().backend(), concurrency=1) as a:
        with pytest.raises(MediaError, match="cannot be reached"):
            await generate(a)
        with anyio.fail_after(10):
            assert (await generate(a)).status == "done"


async def test_replicas_share_cooldowns(fleet: Fleet) -> None:
    busy, spare = Scripted(*[Overloaded("Busy.", billed="no")] * 9), Scripted()
    backends = busy.backend("one", preference=2), spare.backend("two", preference=1)
    async with fleet.replica("a", *backends) as a, fleet.replica("b", *backends) as b:
        assert (await generate(a, "first")).backend == "two"
        asked = len(busy.calls)
        assert (await generate(b, "second")).backend == "two"
    assert len(busy.calls) == asked


async def test_replicas_share_the_budget_of_a_day(fleet: Fleet) -> None:
    gate = Gate()
    backend = Scripted().backend(start=gate, models=(Model(id="fake-1", prices=per_image(0.6)),))
    async with (
        fleet.replica("a", backend, daily_budget_usd=1) as a,
        fleet.replica("b", backend, daily_budget_usd=1) as b,
    ):
        refused: list[MediaError] = []

        async def call(engine: Any, prompt: str) -> None:
            try:
                await generate(engine, prompt, caller=NO_WAIT)
            except OverBudget as error:
                refused.append(error)

        async with anyio.create_task_group() as task_group:
            task_group.start_soon(call, a, "one")
            task_group.start_soon(call, b, "two")
        gate.open.set()
        assert [error.billed for error in refused] == ["no"]


async def test_late_news_of_a_replica_that_was_thought_dead_counts(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, provider = Gate(), Scripted()
    async with fleet.replica("a", provider.backend(start=gate)) as a:
        job_id = (await generate(a, caller=NO_WAIT)).job_id
        await gate.reached.wait()
        stop_beating(a, monkeypatch)
        async with fleet.replica("b", provider.backend()) as b:
            assert await ended(b, job_id) == "unknown"
            gate.open.set()

            async def is_done() -> bool:
                return (await get_job(b, job_id, NO_WAIT)).status == "done"

            await until(is_done)
    assert (gate.calls, len(provider.calls)) == (1, 0)


async def test_a_replica_that_was_thought_dead_sends_nothing_of_a_job_that_another_has_taken(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, provider = Gate(), Scripted()
    slow = provider.backend(start=gate)
    async with fleet.replica("a", slow, concurrency=1) as a:
        await generate(a, "in the way", caller=NO_WAIT)
        await gate.reached.wait()
        job_id = (await generate(a, caller=NO_WAIT)).job_id
        await a.jobs.promise(job_id)
        stop_beating(a, monkeypatch)
        async with fleet.replica("b", provider.backend()) as b:
            assert await ended(b, job_id) == "done"
        gate.open.set()
        await anyio.sleep(0.5)
    assert (gate.calls, [call.prompt for call in provider.calls]) == (1, ["a red kite"])


async def test_a_drained_replica_leaves_no_unknown_job(fleet: Fleet) -> None:
    gate, provider = Gate(), Scripted()
    async with fleet.replica("b", provider.backend()) as b:
        async with fleet.replica("a", provider.backend(start=gate), concurrency=1) as a:
            sent = (await generate(a, "sent", caller=NO_WAIT)).job_id
            await gate.reached.wait()
            queued = (await generate(a, "queued", caller=NO_WAIT)).job_id
            async with anyio.create_task_group() as task_group:
                task_group.start_soon(a.drain)
                await anyio.sleep(0.2)
                gate.open.set()
        assert [await ended(b, job_id) for job_id in (sent, queued)] == ["done", "done"]
    assert (gate.calls, [call.prompt for call in provider.calls]) == (1, ["queued"])


@pytest.fixture
def ends_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replicas wait for a database that is away less long than they do."""
    monkeypatch.setattr("mediasmith.storage.library.postgres._PATIENCE", 0.1)
    monkeypatch.setattr("mediasmith.engine.fleet_deployment._END_SECONDS", 0.5)


@pytest.mark.usefixtures("ends_soon")
async def test_a_replica_ends_also_without_its_database(fleet: Fleet, postgres: PostgresServer) -> None:
    gate = Gate()
    try:
        with anyio.fail_after(10):
            async with fleet.replica("a", Scripted().backend(start=gate)) as a:
                await generate(a, caller=NO_WAIT)
                await gate.reached.wait()
                await to_thread.run_sync(postgres.control, "stop", "-m", "immediate")
    finally:
        await to_thread.run_sync(postgres.start)


@pytest.mark.usefixtures("ends_soon")
async def test_a_replica_that_ends_without_its_database_keeps_what_was_paid_for_and_says_where(
    fleet: Fleet, postgres: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    gate = Gate()
    try:
        with anyio.fail_after(10):
            async with fleet.replica("a", Scripted().backend(start=gate)) as a:
                job_id = (await generate(a, caller=NO_WAIT)).job_id
                await gate.reached.wait()
                await to_thread.run_sync(postgres.control, "stop", "-m", "immediate")
                gate.open.set()
                await anyio.sleep(0.5)
    finally:
        await to_thread.run_sync(postgres.start)
    [kept] = (fleet.folder / "a" / "unreadable").iterdir()
    assert kept.read_bytes() == png()
    [said] = [text for text in caplog.messages if "has made could not be recorded" in text]
    assert job_id in said
    assert "The database cannot be reached: " in said
    assert f"It was billed. What the provider sent is kept in {kept}" in said


async def test_a_replica_that_ends_without_its_store_leaves_what_was_paid_for_and_says_where(
    fleet: Fleet, caplog: pytest.LogCaptureFixture
) -> None:
    gate = Gate()
    with anyio.fail_after(20):
        with running_store() as store:
            env = {**fleet.env, **store.env, "MEDIASMITH_STORE_URL": store.make_bucket("media")}
            replica = Fleet(env=env, folder=fleet.folder).replica("a", Scripted().backend(start=gate))
            async with replica as a:
                await generate(a, caller=NO_WAIT)
                await gate.reached.wait()
                store.process.kill()
                gate.open.set()
                await anyio.sleep(1.0)
    [left] = (fleet.folder / "a" / "passing").rglob("*.part")
    assert left.read_bytes() == png()
    assert "a file could not be saved: The store of the files cannot be used" in caplog.text
    assert f"It is left as {left} for a day." in caplog.text


async def test_workers_do_the_jobs_of_replicas_that_only_record_them(fleet: Fleet) -> None:
    front_end, worker_provider = Scripted(), Scripted()
    takes: Fields = {"takes": {"image": Takes()}}
    async with fleet.replica("front", front_end.backend(**takes), works=False) as front:
        uri = f"data:image/png;base64,{b64encode(png()).decode()}"
        job_id = (await generate(front, caller=NO_WAIT, image=uri)).job_id
        [job] = await front.library.unfinished()
        assert job.owner == UNCLAIMED
        async with fleet.replica("worker", worker_provider.backend(**takes)):
            assert (await get_job(front, job_id)).status == "done"
    assert (len(front_end.calls), len(worker_provider.calls)) == (0, 1)
    [image] = worker_provider.calls[0].inputs["image"]
    assert image.size == len(png())


async def test_a_replica_that_only_records_leaves_others_what_it_recorded_unnoticed(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mediasmith.jobs.sweeper._FORGOTTEN_SECONDS", 0.1)
    save = CallRecords.save_plan

    async def unanswered(*given: Any) -> None:
        await save(*given)
        raise MediaError("The database cannot be reached.")

    monkeypatch.setattr(CallRecords, "save_plan", unanswered)
    monkeypatch.setattr(Recovery, "end_unsent", unreachable)
    provider = Scripted()
    async with (
        fleet.replica("front", provider.backend(), works=False) as front,
        fleet.replica("worker", provider.backend()),
    ):
        with pytest.raises(MediaError, match="cannot be reached") as caught:
            await generate(front)
        assert caught.value.billed == "no"
        [job] = await front.library.recent("local", 5)
        assert await ended(front, job.id) == "failed"
    assert not provider.calls


async def test_a_hand_over_that_takes_long_is_not_forgotten(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mediasmith.jobs.sweeper._FORGOTTEN_SECONDS", 0.1)
    keep = BucketInputs.keep

    async def slow(*given: Any) -> None:
        await anyio.sleep(1.0)
        await keep(*given)

    monkeypatch.setattr(BucketInputs, "keep", slow)
    provider = Scripted()
    async with (
        fleet.replica("front", provider.backend(), works=False) as front,
        fleet.replica("worker", provider.backend()),
    ):
        assert (await generate(front)).status == "done"


async def unreachable(*_given: object, **_more: object) -> None:
    raise MediaError("The database cannot be reached.")


async def test_a_handle_that_was_named_before_it_was_sent_is_polled_by_another(fleet: Fleet) -> None:
    async def lost(call: Any) -> None:
        await call.handle(AnyJson("mine"))
        await anyio.sleep_forever()

    provider = Scripted(lost)
    async with fleet.replica("b", provider.backend()) as b:
        async with fleet.replica("a", provider.backend()) as a:
            job_id = (await generate(a, caller=Caller(wait=0.3))).job_id
        assert await ended(b, job_id) == "done"
    assert provider.polled == ["mine"]


async def test_a_batch_is_made_by_one_replica_and_listed_by_another(fleet: Fleet) -> None:
    backend = Scripted().backend()
    async with fleet.replica("a", backend) as a, fleet.replica("b", backend) as b:
        made = await generate_batch(a, "one", "two", "three")
        found = await get_job(b, made.job_id)
    assert [item.status for item in found.items] == ["done"] * 3
    assert [file.id for file in found.files] == [file.id for file in made.files]
