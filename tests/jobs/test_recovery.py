"""Recover what a dead process left: for every phase the one thing that may be done, and nothing is sent."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path
from typing import Any

import anyio
import pytest

from fakes.backends import fake, png
from fakes.engines import (
    NO_WAIT,
    WAIT_FOR_END,
    Scripted,
    accepted,
    artifact_record,
    generate,
    get_job,
    hang,
    job_record,
    jumping_engine,
    open_library,
    output_files,
    picture,
    running_engine,
    task_record,
    wait_until_idle,
)
from mediasmith.engine.results import JobList, MediaResult
from mediasmith.engine.use_cases import Engine
from mediasmith.jobs.runner.process_locks import LockOwners
from mediasmith.plugin.contract import Failed
from mediasmith.plugin.errors import NotAllowed, ProviderError
from mediasmith.storage.library.records import Artifact, Job, Task

ID = "j" * 26


async def left(folder: Path, /, *tasks: Task, artifacts: tuple[Artifact, ...] = (), **changed: Any) -> Job:
    """Record a job as a process left it that is gone."""
    stored = job_record(folder, **changed)
    async with open_library(folder) as library:
        await library.add_job(stored, tasks)
        for artifact in artifacts:
            task = next(task for task in tasks if task.number == artifact.task)
            await library.stage(task, [artifact], at=stored.updated)
    return stored


async def found(folder: Path, provider: Scripted) -> MediaResult:
    """The job once the next process has done with it what may be done."""
    async with running_engine(folder, provider.backend()) as engine:
        return await get_job(engine, ID)


async def test_a_queued_task_ends_as_not_sent_and_costs_nothing(tmp_path: Path) -> None:
    provider = Scripted()
    await left(tmp_path, task_record(phase="queued"))
    result = await found(tmp_path, provider)
    assert result.status == "failed"
    assert result.error.startswith("The server stopped before anything was sent. Nothing was billed. Call again")
    assert (provider.calls, provider.polled) == ([], [])


async def test_a_request_in_flight_may_have_been_billed_and_is_not_sent_again(tmp_path: Path) -> None:
    provider = Scripted()
    await left(tmp_path, task_record(phase="sending", billed="unknown"))
    result = await found(tmp_path, provider)
    assert result.status == "unknown"
    assert "It may have been billed, so it was not sent again." in result.error
    assert "usage page" in result.next
    assert (provider.calls, provider.polled) == ([], [])


async def test_a_request_in_flight_with_a_handle_is_polled(tmp_path: Path) -> None:
    provider = Scripted()
    await left(tmp_path, task_record(phase="sending", handle="chosen", billed="unknown"))
    result = await found(tmp_path, provider)
    assert (result.status, provider.calls, provider.polled) == ("done", [], ["chosen"])


async def test_accepted_work_is_collected(tmp_path: Path) -> None:
    provider = Scripted()
    await left(tmp_path, task_record(phase="accepted", handle={"id": 7}, billed="yes"))
    result = await found(tmp_path, provider)
    assert (result.status, len(result.files)) == ("done", 1)
    assert (provider.calls, provider.polled) == ([], [{"id": 7}])


def half_saved(folder: Path, token: str, name: str = "kite.png") -> Artifact:
    """A file that is whole but has no name yet, and its record."""
    (folder / "out").mkdir(exist_ok=True)
    (folder / "out" / f".{token}.part").write_bytes(png())
    return artifact_record(folder / "out" / name, token=token, sha256=_sha256(png()))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def test_a_finished_temporary_file_only_gets_its_name(tmp_path: Path) -> None:
    provider = Scripted()
    token = f"{ID}-0-0"
    await left(tmp_path, task_record(phase="saving", billed="yes"), artifacts=(half_saved(tmp_path, token),))
    result = await found(tmp_path, provider)
    assert (result.status, [Path(file.path).name for file in result.files]) == ("done", ["kite.png"])
    assert output_files(tmp_path) == ["kite.png"]
    assert (provider.calls, provider.polled) == ([], [])


async def test_a_file_that_already_had_its_name_is_kept(tmp_path: Path) -> None:
    artifact = half_saved(tmp_path, f"{ID}-0-0")
    (tmp_path / "out" / f".{ID}-0-0.part").rename(tmp_path / "out" / "kite.png")
    await left(tmp_path, task_record(phase="saving", billed="yes"), artifacts=(artifact,))
    result = await found(tmp_path, Scripted())
    assert (result.status, len(result.files)) == ("done", 1)


async def test_files_that_vanished_are_collected_again_where_there_is_a_handle(tmp_path: Path) -> None:
    provider = Scripted()
    artifact = half_saved(tmp_path, f"{ID}-0-0")
    (tmp_path / "out" / f".{ID}-0-0.part").unlink()
    await left(tmp_path, task_record(phase="saving", handle="abc", billed="yes"), artifacts=(artifact,))
    result = await found(tmp_path, provider)
    assert (result.status, len(result.files), provider.polled) == ("done", 1, ["abc"])
    async with open_library(tmp_path) as library:
        assert [one.token for one in await library.artifacts(ID)] == [""]


async def test_files_that_vanished_without_a_handle_were_billed(tmp_path: Path) -> None:
    provider = Scripted()
    artifact = half_saved(tmp_path, f"{ID}-0-0")
    (tmp_path / "out" / f".{ID}-0-0.part").unlink()
    await left(tmp_path, task_record(phase="saving", billed="yes"), artifacts=(artifact,))
    result = await found(tmp_path, provider)
    assert result.status == "unknown"
    assert "It was billed" in result.error
    assert provider.polled == []


async def test_a_saving_task_without_files_is_not_done(tmp_path: Path) -> None:
    await left(tmp_path, task_record(phase="saving", billed="yes"))
    assert (await found(tmp_path, Scripted())).status == "unknown"


async def test_a_batch_is_recovered_item_by_item(tmp_path: Path) -> None:
    provider = Scripted()
    request = {"prompts": ["a", "b", "c", "d"], "count": 1, "parent": "", "history": []}
    tasks = (
        task_record(number=0, item=0, prompt="a", phase="accepted", handle="abc", billed="yes"),
        task_record(number=1, item=1, prompt="b", phase="sending", billed="unknown"),
        task_record(number=2, item=2, prompt="c", phase="queued"),
        task_record(
            number=3,
            item=3,
            prompt="d",
            phase="failed",
            error={"type": "Refused", "message": "Declined.", "hint": "", "billed": "no"},
        ),
    )
    await left(tmp_path, *tasks, request=request)
    result = await found(tmp_path, provider)
    assert result.status == "partial"
    assert [item.status for item in result.items] == ["done", "unknown", "failed", "failed"]
    assert result.items[3].error == "Declined. Nothing was billed. Change the prompt or the input files."
    assert provider.polled == ["abc"]


async def test_an_earlier_failure_is_still_reported_once_the_rest_is_there(tmp_path: Path) -> None:
    failure = {"type": "Refused", "message": "Declined.", "hint": "", "billed": "no"}
    request = {"prompts": ["a", "b"], "count": 1, "parent": "", "history": []}
    tasks = (
        task_record(number=0, item=0, phase="failed", error=failure),
        task_record(number=1, item=1, phase="accepted", handle="abc", billed="yes"),
    )
    await left(tmp_path, *tasks, request=request)
    result = await found(tmp_path, Scripted())
    assert (result.status, result.error) == ("partial", "Declined. Change the prompt or the input files.")


async def test_an_earlier_failure_that_a_fallback_made_good_is_no_error(tmp_path: Path) -> None:
    failure = {"type": "OutOfCredit", "message": "No credit.", "hint": "", "billed": "no"}
    tasks = (
        task_record(number=0, backend="two", phase="failed", error=failure),
        task_record(number=1, phase="accepted", handle="abc", billed="yes"),
    )
    await left(tmp_path, *tasks)
    result = await found(tmp_path, Scripted())
    assert (result.status, result.error) == ("done", "")


@pytest.mark.parametrize(
    ("billed", "told"),
    [
        ("yes", "It broke. It was billed. Call again, or name another backend. Another call is billed again."),
        ("no", "It broke."),
        ("unknown", "It broke. It may have been billed"),
    ],
)
async def test_a_file_that_failed_is_told_with_its_money_once_the_others_are_collected(
    tmp_path: Path, billed: str, told: str
) -> None:
    request = {"prompts": ["a"], "count": 2, "parent": "", "history": []}
    failure = {"type": "ProviderError", "message": "It broke.", "hint": "", "billed": billed}
    tasks = (
        task_record(number=0, phase="failed", billed=billed, error=failure),
        task_record(number=1, first=1, phase="accepted", handle="abc", billed="yes"),
    )
    await left(tmp_path, *tasks, request=request)
    result = await found(tmp_path, Scripted())
    assert (result.status, len(result.files)) == ("partial", 1)
    assert result.error.startswith(told)
    assert result.billed == (None if billed == "no" else billed)


async def test_of_several_errors_the_one_that_was_paid_for_is_told(tmp_path: Path) -> None:
    request = {"prompts": ["a"], "count": 3, "parent": "", "history": []}
    paid = {"type": "ProviderError", "message": "It broke.", "hint": "", "billed": "yes"}
    free = {"type": "Refused", "message": "Declined.", "hint": "", "billed": "no"}
    tasks = (
        task_record(number=0, phase="failed", billed="yes", error=paid),
        task_record(number=1, first=1, phase="failed", billed="no", error=free),
        task_record(number=2, first=2, phase="accepted", handle="abc", billed="yes"),
    )
    await left(tmp_path, *tasks, request=request)
    assert (
        await found(tmp_path, Scripted())
    ).error == "It broke. It was billed. Call again, or name another backend. Another call is billed again."


async def test_a_running_job_tells_what_keeps_its_work_from_being_collected(tmp_path: Path) -> None:
    request = {"prompts": ["a", "b"], "count": 1, "parent": "", "history": []}
    paid = {"type": "ProviderError", "message": "It broke.", "hint": "", "billed": "yes"}
    tasks = (
        task_record(number=0, item=0, phase="failed", billed="yes", error=paid),
        task_record(number=1, item=1, phase="accepted", handle="abc", billed="yes"),
    )
    await left(tmp_path, *tasks, request=request)
    backend = fake("one", keys=("ONE_KEY",), poll=Scripted().poll)
    async with running_engine(tmp_path, backend) as engine:
        running = await get_job(engine, ID)
    assert running.status == "running"
    assert running.error == "one has no key. It was billed. Set ONE_KEY and restart the server."


async def test_an_edit_that_is_collected_later_keeps_its_lineage(tmp_path: Path) -> None:
    request = {"prompts": ["make it blue"], "count": 1, "parent": "p" * 26, "history": ["a red kite"]}
    await left(
        tmp_path, task_record(prompt="make it blue", phase="accepted", handle="abc", billed="yes"), request=request
    )
    async with running_engine(tmp_path, Scripted(polls=[picture(state={"id": 2})]).backend()) as engine:
        result = await get_job(engine, ID)
        artifact = await engine.artifact(result.continuation_id, "local")
    assert (result.parent, artifact.parent) == ("p" * 26, "p" * 26)
    assert (artifact.prompts, artifact.state) == (("a red kite", "make it blue"), {"id": 2})


async def test_the_first_call_of_any_kind_recovers_unfinished_jobs(tmp_path: Path) -> None:
    provider = Scripted()
    await left(tmp_path, task_record(phase="accepted", handle="abc", billed="yes"))
    async with running_engine(tmp_path, provider.backend()) as engine:
        listed = await engine.get_job({}, WAIT_FOR_END)
        await wait_until_idle(engine)
        assert isinstance(listed, JobList)
        assert provider.polled == ["abc"]
        assert (await get_job(engine, ID)).status == "done"
    assert provider.polled == ["abc"]


async def test_a_backend_that_was_removed_leaves_its_job_to_be_collected(tmp_path: Path) -> None:
    await left(tmp_path, task_record(backend="gone", phase="accepted", handle="abc", billed="yes"))
    result = await found(tmp_path, Scripted())
    assert result.status == "running"
    assert "The backend gone that made it is not installed." in result.error
    provider = Scripted()
    async with running_engine(tmp_path, provider.backend("gone")) as engine:
        assert (await get_job(engine, ID)).status == "done"


async def test_a_key_that_is_missing_leaves_a_job_to_be_collected(tmp_path: Path) -> None:
    await left(tmp_path, task_record(phase="accepted", handle="abc", billed="yes"))
    provider = Scripted()
    backend = fake("one", keys=("ONE_KEY",), start=provider.start, poll=provider.poll)
    async with running_engine(tmp_path, backend) as engine:
        running = await get_job(engine, ID)
        assert running.status == "running"
        assert running.error == "one has no key. It was billed. Set ONE_KEY and restart the server."
    async with running_engine(tmp_path, backend, env={"ONE_KEY": "secret-key"}) as engine:
        assert (await get_job(engine, ID)).status == "done"
    assert provider.calls == []


async def test_a_model_that_is_listed_no_more_still_collects(tmp_path: Path) -> None:
    models: list[str] = []

    async def poll(work: Any, _handle: object) -> Any:
        models.append(work.model.id)
        await anyio.lowlevel.checkpoint()
        return picture()

    await left(tmp_path, task_record(model="retired-1", phase="accepted", handle="abc", billed="yes"))
    async with running_engine(tmp_path, Scripted().backend(poll=poll)) as engine:
        assert (await get_job(engine, ID)).status == "done"
    assert models == ["retired-1"]


async def test_failed_ends_a_recovered_job(tmp_path: Path) -> None:
    provider = Scripted(polls=[Failed(error=ProviderError("It failed."))])
    await left(tmp_path, task_record(phase="accepted", handle="abc", billed="yes"))
    result = await found(tmp_path, provider)
    assert (result.status, result.error) == (
        "failed",
        "It failed. It was billed. Call again, or name another backend. Another call is billed again.",
    )
    assert [attempt.outcome for attempt in result.attempts] == ["ProviderError: It failed."]


@pytest.mark.parametrize("request_left", [{}, None, {"prompts": 5}], ids=["empty", "nothing", "strange"])
async def test_an_unreadable_record_does_not_stop_other_jobs(tmp_path: Path, request_left: Any) -> None:
    await left(tmp_path, task_record(phase="accepted", handle="abc", billed="yes"), request=request_left)
    provider = Scripted(accepted("def"))
    async with jumping_engine(tmp_path, provider.backend()) as engine:
        result = await engine.generate({"prompt": "a new one"}, WAIT_FOR_END)
    assert result.status == "done"


async def test_a_job_waits_until_its_folder_is_allowed_again(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    await left(tmp_path, task_record(phase="accepted", handle="abc", billed="yes"), folder=str(elsewhere))
    provider = Scripted()
    async with running_engine(tmp_path, provider.backend()) as engine:
        with pytest.raises(NotAllowed):
            await get_job(engine, ID)
    async with running_engine(tmp_path, provider.backend(), allowed_dirs=(elsewhere,)) as engine:
        result = await get_job(engine, ID)
    assert (result.status, Path(result.files[0].path).parent) == ("done", elsewhere)


async def test_a_job_of_a_dead_process_is_cancelled_at_its_provider(tmp_path: Path) -> None:
    provider = Scripted(polls=[_forever])
    await left(tmp_path, task_record(phase="accepted", handle="abc", billed="yes"))
    async with running_engine(tmp_path, provider.backend(cancel=provider.cancel)) as engine:
        result = await get_job(engine, ID, cancel=True)
    assert (result.status, provider.cancelled) == ("cancelled", ["abc"])


async def _forever(*_given: object) -> Any:
    await anyio.sleep_forever()


async def test_partial_files_of_a_dead_process_are_removed(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / f".{ID}-0-1000.part").write_bytes(b"half")
    (tmp_path / "out" / f".{ID}-01-0.part").write_bytes(b"another task's")
    await left(tmp_path, task_record(phase="sending", billed="unknown"))
    await found(tmp_path, Scripted())
    assert output_files(tmp_path) == [f".{ID}-01-0.part"]


async def listed(engine: Engine) -> dict[str, str]:
    """The recent jobs by id, with their states as the list shows them."""
    jobs = await engine.get_job({}, WAIT_FOR_END)
    assert isinstance(jobs, JobList)
    return {job.job_id: job.status for job in jobs.jobs}


async def test_a_list_shows_a_job_whose_process_died_later_as_asking_would(tmp_path: Path) -> None:
    provider = Scripted()
    async with jumping_engine(tmp_path, provider.backend()) as engine:
        assert await listed(engine) == {}
        lost, accepted_one = job_record(tmp_path), job_record(tmp_path, id="k" * 26)
        await engine.library.add_job(lost, [task_record(phase="sending", billed="unknown")])
        handle = task_record(job_id=accepted_one.id, phase="accepted", handle="abc", billed="yes")
        await engine.library.add_job(accepted_one, [handle])
        assert await listed(engine) == {lost.id: "unknown", accepted_one.id: "done"}
    assert provider.polled == ["abc"]


async def test_a_list_looks_once_at_the_processes_that_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[Collection[str]] = []

    async def living(self: LockOwners, owners: Collection[str]) -> Collection[str]:
        looked.append(owners)
        return [owner for owner in owners if await self.alive(owner)]

    backend = Scripted(hang, hang).backend()
    async with running_engine(tmp_path, backend) as worker, running_engine(tmp_path, backend) as engine:
        await listed(engine)
        for prompt in ("one", "two"):
            await generate(worker, prompt, NO_WAIT)
        monkeypatch.setattr(LockOwners, "living", living)
        assert [*(await listed(engine)).values()] == ["running", "running"]
        assert looked == [{await worker.jobs.owners.own()}]
