"""The library's records: what is written is found again, and only by its principal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import anyio
import pytest

from fakes.libraries import Place, open_database, open_library
from fakes.records import a_job, a_key, a_task, an_artifact, record
from mediasmith.plugin.contract import JSON
from mediasmith.plugin.errors import OverBudget
from mediasmith.storage.library.records import Allowance
from mediasmith.storage.library.store import Library

STRANGE = ["", "x", "../x", "x' OR '1'='1", "a\0b", "\0", "\ud800", "é\u202e\U0001f600", "%", "x" * 1_000_000]

NESTED: JSON = {"a": [1, 2.5, None, True, {"b": "é\ud800\0"}], "": "x" * 1000}


# Reading back


async def test_the_edits_of_a_file_are_found_newest_first_by_its_principal(place: Place) -> None:
    async with open_library(place) as library:
        await record(library, a_job("first"), an_artifact("fox", "first"))
        for number in range(3):
            name = f"edit-{number}"
            await record(library, a_job(name), an_artifact(name, name, parent="fox"))
        other = a_job("other", principal="bob")
        await record(library, other, an_artifact("theirs", "other", principal="bob", parent="fox"))
        found = await library.children("fox", principal="ada", limit=2)
        assert [one.id for one in found] == ["edit-2", "edit-1"]
        assert await library.children("edit-0", principal="ada", limit=2) == []


@pytest.mark.parametrize(
    ("stem", "found"),
    [("kite.v2", ["posix", "windows"]), ("kite", ["posix", "windows"]), ("ite.v2", []), ("kite_v2", []), ("%", [])],
)
async def test_a_file_is_found_by_how_its_name_begins(place: Place, stem: str, found: list[str]) -> None:
    async with open_library(place) as library:
        await record(library, a_job("windows"), an_artifact("windows", "windows", path="C:\\out\\kite.v2.png"))
        await record(library, a_job("posix"), an_artifact("posix", "posix", path="/out/kite.v2.png"))
        assert [one.id for one in await library.artifacts_by_stem(stem, principal="ada", limit=9)] == found
        assert await library.artifacts_by_stem(stem, principal="bob", limit=9) == []


async def test_records_read_back_as_written_and_survive_a_restart(place: Place) -> None:
    job = a_job(
        request=NESTED,
        folder="/\udcff",
        warnings=("a", "b\ud800"),
        attempts=({"backend": "test"}, None),
        error={"message": "no"},
        answered=True,
        state="partial",
    )
    task = a_task(
        prompt="\0é\ud800",
        params=NESTED,
        handle=NESTED,
        details=NESTED,
        error="x",
        phase="done",
        billed="yes",
        cost_usd=0.1,
        estimate_usd=0.2,
        count=3,
        first=4,
        item=5,
        complete=False,
    )
    artifact = an_artifact(
        path="/\udcff\0.png", prompts=("one", "\ud800"), state=NESTED, params=NESTED, parent="p", width=1, height=2
    )
    async with open_library(place) as library:
        await library.add_job(job, [replace(task, phase="saving")])
        await library.commit(task, [artifact], at=100.0)
    for _ in range(2):
        async with open_library(place) as library:
            assert await library.job("job", principal="ada") == job
            assert await library.tasks("job") == [task]
            assert await library.artifacts("job") == [artifact]
            assert await library.artifact("fox", principal="ada") == artifact


async def test_a_saved_task_replaces_the_old_one_and_updates_its_job(place: Place) -> None:
    async with open_library(place) as library:
        await library.add_job(a_job(), [a_task(), a_task(number=1)])
        saved = a_task(phase="accepted", handle={"id": 7}, billed="yes")
        await library.save_task(saved, at=200.0)
        assert await library.add_tasks([a_task(number=2)], owner="owner", at=300.0)
        assert not await library.add_tasks([a_task(phase="queued"), a_task(number=3)], owner="other", at=400.0)
        assert await library.tasks("job") == [saved, a_task(number=1), a_task(number=2)]
        assert await library.job("job", principal="ada") == a_job(updated=300.0)


async def test_tasks_and_artifacts_come_in_the_order_of_the_prompts_and_their_files(place: Place) -> None:
    tasks = [a_task(number=0, item=1), a_task(number=1, item=0, first=2), a_task(number=2, item=0)]
    async with open_library(place) as library:
        await library.add_job(a_job(), tasks)
        for task in tasks:
            artifacts = [an_artifact(f"{task.number}-{place}", task=task.number, position=place) for place in (1, 0)]
            await library.commit(task, artifacts, at=1.0)
        assert [task.number for task in await library.tasks("job")] == [2, 1, 0]
        names = [artifact.id for artifact in await library.artifacts("job")]
    assert names == ["2-0", "2-1", "1-0", "1-1", "0-0", "0-1"]


async def test_a_staged_artifact_is_listed_with_its_job_but_found_only_once_it_is_committed(place: Place) -> None:
    staged = an_artifact(token="task-0")
    saving = a_task(phase="saving")
    async with open_library(place) as library:
        await library.add_job(a_job(), [a_task()])
        await library.stage(saving, [staged], at=200.0)
        assert await library.artifact("fox", principal="ada", used=300.0) is None
        assert await library.artifacts("job") == [staged]
        assert await library.tasks("job") == [saving]
        committed = replace(staged, token="", path="/media/fox-2.png")
        await library.commit(replace(saving, phase="done"), [committed], at=300.0)
        assert await library.artifact("fox", principal="ada") == committed
        assert await library.artifacts("job") == [committed]
        assert await library.tasks("job") == [a_task(phase="done")]
        assert await library.job("job", principal="ada") == a_job(updated=300.0)


async def test_staging_again_replaces_the_earlier_attempt(place: Place) -> None:
    other = an_artifact("other", task=1, token="b")
    async with open_library(place) as library:
        await library.add_job(a_job(), [a_task(), a_task(number=1)])
        await library.stage(a_task(number=1), [other], at=1.0)
        await library.stage(a_task(), [an_artifact("lost", token="a")], at=1.0)
        await library.save_task(a_task(phase="accepted"), at=2.0)
        await library.stage(a_task(), [an_artifact(token="c")], at=3.0)
        assert await library.artifacts("job") == [an_artifact(token="c"), other]
        await library.commit(a_task(), [an_artifact()], at=4.0)
        assert await library.artifacts("job") == [an_artifact(), other]


async def test_recent_jobs_come_newest_first_up_to_the_limit(place: Place) -> None:
    async with open_library(place) as library:
        for name, created in (("a", 1.0), ("b", 3.0), ("c", 2.0), ("d", 3.0)):
            await library.add_job(a_job(name, created=created), [])
        await library.save_job(a_job("b", created=3.0, state="done"))
        assert [job.id for job in await library.recent("ada", 3)] == ["d", "b", "c"]


async def test_a_damaged_record_is_reported_once_and_does_not_hide_the_others(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_library(place) as library, open_database(place) as database:
        damaged = {"odd": '{"kind": "image"}', "list": "[]", "cut": '{"kind": "ima'}
        for name, created in {"a": 1.0, **dict.fromkeys(damaged, 2.0), "b": 3.0}.items():
            await library.add_job(a_job(f"{name} of {type(place)}", created=created), [])
        for name, text in damaged.items():
            sql = "UPDATE job SET record = :text WHERE id = :id"
            await database.change(sql, text=text, id=f"{name} of {type(place)}")
        for _ in range(2):
            assert [job.id[0] for job in await library.unfinished()] == ["a", "b"]
    assert len([line for line in caplog.messages if "damaged" in line]) == len(damaged)


async def test_unfinished_are_the_running_jobs_of_every_owner_and_principal(place: Place) -> None:
    async with open_library(place) as library:
        await library.add_job(a_job("a", owner="x", created=2.0), [])
        await library.add_job(a_job("b", owner="y", principal="bob", created=1.0), [])
        for state in ("done", "partial", "failed", "cancelled", "unknown"):
            await library.add_job(a_job(state, state=state), [])
        assert [job.id for job in await library.unfinished()] == ["b", "a"]
        await library.save_job(a_job("a", state="done"))
        assert [job.id for job in await library.unfinished()] == ["b"]


# Principals


async def test_another_principal_finds_nothing(place: Place) -> None:
    async with open_library(place) as library:
        await record(library, a_job(), an_artifact())
        for other in ("", "bob", "ADA", "ada ", *STRANGE):
            assert await library.job("job", principal=other) is None
            assert await library.artifact("fox", principal=other, used=900.0) is None
            assert await library.recent(other, 10) == []
            assert await library.calls.unanswered(a_key(principal=other)) == []
            assert await library.calls.newest_running(a_key(principal=other)) is None
        assert await library.artifact("fox", principal="ada") == an_artifact()


@pytest.mark.parametrize("name", STRANGE)
async def test_any_string_may_be_asked_for_and_is_not_found(place: Place, name: str) -> None:
    async with open_library(place) as library:
        await record(library, a_job(), an_artifact())
        assert await library.job(name, principal="ada") is None
        assert await library.artifact(name, principal="ada", used=1.0) is None
        assert await library.tasks(name) == []
        assert await library.artifacts(name) == []
        assert await library.calls.unanswered(a_key(fingerprint=name)) == []
        assert await library.calls.requested(a_key(digest=name)) is None
        assert not await library.claim(name, old="owner", new="x")
        assert await library.job("job", principal="ada") == a_job()


# Owners


async def test_exactly_one_of_several_claims_succeeds(place: Place) -> None:
    won: list[str] = []

    async def claim(library: Library, new: str) -> None:
        if await library.claim("job", old="owner", new=new):
            won.append(new)

    async with open_library(place) as one, open_library(place) as two, anyio.create_task_group() as group:
        await one.add_job(a_job(), [])
        for number in range(10):
            group.start_soon(claim, one, f"one-{number}")
            group.start_soon(claim, two, f"two-{number}")
    async with open_library(place) as library:
        [winner] = won
        assert await library.job("job", principal="ada") == a_job(owner=winner)


async def test_a_finished_job_cannot_be_claimed(place: Place) -> None:
    async with open_library(place) as library:
        await library.add_job(a_job(state="done"), [])
        assert not await library.claim("job", old="owner", new="x")


async def test_saving_a_job_does_not_undo_a_sent_answer(place: Place) -> None:
    async with open_library(place) as library:
        await library.add_job(a_job(), [])
        await library.calls.save_answer("job", "owner", answered=True, waits=False)
        await library.save_job(a_job(warnings=("late",), updated=200.0))
        assert await library.job("job", principal="ada") == a_job(answered=True, warnings=("late",), updated=200.0)


@pytest.mark.parametrize(
    ("state", "counts"), [("unknown", False), ("failed", False), ("running", False), ("partial", True), ("done", True)]
)
async def test_of_a_job_that_was_taken_over_only_its_files_are_news(place: Place, state: Any, *, counts: bool) -> None:
    async with open_library(place) as library:
        await library.add_job(a_job(), [])
        await library.claim("job", old="owner", new="heir")
        await library.save_job(a_job(state=state, updated=200.0))
        saved = a_job(state=state, updated=200.0) if counts else a_job()
        assert await library.job("job", principal="ada") == replace(saved, owner="heir")


@pytest.mark.parametrize(
    ("recorded", "states"),
    [("done", ["done"]), ("partial", ["partial", "done"]), ("unknown", ["running", "failed", "partial", "done"])],
)
async def test_a_job_that_has_its_files_keeps_them(place: Place, recorded: Any, states: Sequence[str]) -> None:
    async with open_library(place) as library:
        for state in ("running", "failed", "unknown", "partial", "done"):
            await library.add_job(a_job(state, state=recorded), [])
            await library.save_job(a_job(state, state=state, updated=200.0))
            job = await library.job(state, principal="ada")
            assert job
            assert (job.updated == 200.0) is (state in {*states, recorded})


async def test_a_job_that_is_given_up_can_be_claimed_by_anyone(place: Place) -> None:
    async with open_library(place) as library:
        await library.add_job(a_job(), [])
        await library.give_up(a_job(updated=200.0))
        assert await library.job("job", principal="ada") == a_job(owner="", updated=200.0)
        assert await library.claim("job", old="", new="heir")
        await library.give_up(a_job(updated=300.0))  # by the one who had it before
        assert await library.job("job", principal="ada") == a_job(owner="heir", updated=200.0)


@pytest.mark.parametrize("changes", [{"owner": "heir"}, {"state": "cancelled"}], ids=["taken over", "ended"])
async def test_a_task_is_begun_by_the_owner_of_a_running_job_alone(place: Place, changes: Mapping[str, Any]) -> None:
    async with open_library(place) as library:
        await library.add_job(a_job(), [a_task()])
        assert await library.begin_task(a_task(phase="sending"), owner="owner", at=200.0)
        assert await library.tasks("job") == [a_task(phase="sending")]
        await library.add_job(a_job("other", **changes), [a_task("other")])
        assert not await library.begin_task(a_task("other", phase="sending"), owner="owner", at=200.0)
        assert await library.tasks("other") == [a_task("other")]


PHASES: tuple[Any, ...] = ("queued", "sending", "accepted", "saving", "done", "failed", "cancelled", "unknown")
REFUSED = {*(("done", phase) for phase in PHASES), ("accepted", "unknown")}


@pytest.mark.parametrize("recorded", PHASES)
async def test_what_is_recorded_of_a_task_is_never_replaced_by_less(place: Place, recorded: Any) -> None:
    async with open_library(place) as library:
        for phase in PHASES:
            taken = (recorded, phase) not in REFUSED
            before, after = a_task(phase, phase=recorded), a_task(phase, phase=phase)
            await library.add_job(a_job(phase), [before])
            assert await library.save_task(after, at=200.0) is taken
            assert await library.tasks(phase) == [after if taken else before]
            assert await library.job(phase, principal="ada") == a_job(phase, updated=200.0 if taken else 100.0)
            if not taken:
                files = [an_artifact(job=phase)]
                assert not await library.stage(after, files, at=200.0)
                assert not await library.commit(after, files, at=200.0)
                assert await library.artifacts(phase) == []


async def test_a_process_that_knows_the_handle_of_a_task_may_record_that_its_end_is_unknown(place: Place) -> None:
    async with open_library(place) as library:
        await library.add_job(a_job("j"), [a_task("j", phase="accepted", handle="h1")])
        assert not await library.save_task(a_task("j", phase="unknown"), at=200.0)
        assert await library.save_task(a_task("j", phase="unknown", handle="h1"), at=200.0)


@pytest.mark.parametrize("state", ["unknown", "failed"])
async def test_late_news_of_a_handle_or_of_files_resume_a_job_whose_end_was_unknown(place: Place, state: Any) -> None:
    async with open_library(place) as library:
        for phase in PHASES:
            await library.add_job(a_job(phase, owner="heir", state=state), [a_task(phase, phase="unknown")])
            assert await library.save_task(a_task(phase, phase=phase), at=200.0, owner="owner")
            resumed = state == "unknown" and phase in {"accepted", "saving", "done"}
            owner, now = ("owner", "running") if resumed else ("heir", state)
            assert await library.job(phase, principal="ada") == a_job(phase, owner=owner, state=now, updated=200.0)


async def test_a_task_is_recorded_whatever_its_parameters(place: Place) -> None:
    odd = a_task(params={"text": "\0", "strength": float("inf"), "phase": "done"}, details="\ud800")
    async with open_library(place) as library:
        await library.add_job(a_job(), [odd])
        assert await library.save_task(replace(odd, phase="saving"), at=1.0)
        assert await library.commit(replace(odd, phase="done"), [an_artifact()], at=1.0)
        assert await library.tasks("job") == [replace(odd, phase="done")]


# Spending


async def test_spent_adds_up_charges_or_else_estimates_of_what_may_have_been_billed(place: Place) -> None:
    tasks = [
        a_task(number=0, billed="yes", cost_usd=1.0, estimate_usd=64.0),
        a_task(number=1, billed="unknown", estimate_usd=2.0),
        a_task(number=2, phase="failed", billed="no", estimate_usd=64.0),
        a_task(number=3, billed="yes"),
        a_task(number=4, billed="yes", cost_usd=0.0, estimate_usd=64.0),
    ]
    async with open_library(place) as library:
        assert await library.spent(since=0.0) == 0.0
        await library.add_job(a_job(created=5.0), tasks)
        await library.add_job(a_job("old", created=1.0), [a_task("old", billed="yes", cost_usd=4.0)])
        assert await library.spent(since=5.0) == 3.0
        assert await library.spent(since=1.0) == 7.0
        assert await library.spent(since=6.0) == 0.0


async def test_spent_counts_what_running_jobs_have_not_sent_yet(place: Place) -> None:
    async with open_library(place) as library:
        await library.add_job(a_job(), [a_task(estimate_usd=1.0), a_task(number=1, phase="failed", estimate_usd=64.0)])
        await library.add_job(a_job("ended", state="failed"), [a_task("ended", estimate_usd=64.0)])
        assert await library.spent(since=0.0) == 1.0


async def test_no_more_is_recorded_than_is_allowed_together(place: Place) -> None:
    allowance = Allowance(usd=0.3, since=0.0)
    async with open_library(place) as library:
        await library.add_job(a_job("a"), [a_task("a", estimate_usd=0.1)], allowance=allowance)
        await library.add_tasks([a_task("a", number=1, estimate_usd=0.2)], owner="owner", at=1.0, allowance=allowance)
        with pytest.raises(OverBudget):
            await library.add_job(a_job("b"), [a_task("b", estimate_usd=0.01)], allowance=allowance)
        more = a_task("a", number=2, estimate_usd=0.01)
        with pytest.raises(OverBudget):
            await library.add_tasks([more], owner="owner", at=1.0, allowance=allowance)
        await library.add_job(a_job("free"), [a_task("free", estimate_usd=0.0)], allowance=allowance)
        await library.add_job(a_job("unpriced"), [a_task("unpriced")], allowance=allowance)
        assert await library.job("b", principal="ada") is None
        assert [task.number for task in await library.tasks("a")] == [0, 1]
        assert await library.spent(since=0.0) == pytest.approx(0.3)


async def test_several_processes_do_not_exceed_together_what_is_allowed(place: Place) -> None:
    allowance = Allowance(usd=0.3, since=0.0)

    async def start(library: Library, name: str) -> None:
        with suppress(OverBudget):
            await library.add_job(a_job(name), [a_task(name, estimate_usd=0.1)], allowance=allowance)

    async with open_library(place) as one, open_library(place) as two, anyio.create_task_group() as group:
        for number in range(5):
            group.start_soon(start, one, f"one-{number}")
            group.start_soon(start, two, f"two-{number}")
    async with open_library(place) as library:
        assert await library.spent(since=0.0) == pytest.approx(0.3)


# Pruning


async def test_pruning_keeps_a_recently_used_artifact(place: Place) -> None:
    async with open_library(place) as library:
        await record(library, a_job(state="done"), an_artifact("a"), an_artifact("b", position=1))
        assert await library.artifact("a", principal="ada", used=300.0) == an_artifact("a", used=300.0)
        assert await library.artifact("a", principal="ada", used=200.0) == an_artifact("a", used=300.0)
        assert await library.prune(before=300.0) == 1
        assert [artifact.id for artifact in await library.artifacts("job")] == ["a"]
        assert await library.job("job", principal="ada") == a_job(state="done")


async def test_pruning_deletes_a_job_with_its_last_artifact(place: Place) -> None:
    async with open_library(place) as library:
        await record(library, a_job(state="done"), an_artifact())
        await library.add_job(a_job("failed", state="failed"), [a_task("failed")])
        await library.add_job(a_job("late", state="failed", updated=200.0), [])
        assert await library.prune(before=100.0) == 0
        assert await library.prune(before=101.0) == 1
        assert [job.id for job in await library.recent("ada", 10)] == ["late"]
        assert await library.tasks("job") == await library.tasks("failed") == []
        assert await library.artifact("fox", principal="ada") is None


async def living(owners: Sequence[str]) -> list[str]:
    """Return those of some owners that are alive: only one of all is."""
    return [owner for owner in owners if owner == "me"]


async def test_pruning_spares_running_jobs_and_living_owners(place: Place) -> None:
    async with open_library(place) as library:
        for name, changes in (("run", {}), ("live", {"state": "done", "owner": "me"}), ("dead", {"state": "done"})):
            await record(library, a_job(name, **changes), an_artifact(name, name))
        assert await library.prune(before=900.0, living=living) == 1
        assert sorted(job.id for job in await library.recent("ada", 10)) == ["live", "run"]
        assert await library.artifact("live", principal="ada")
        assert await library.artifact("run", principal="ada")


async def test_pruning_keeps_what_was_edited_from_a_deleted_artifact(place: Place) -> None:
    child = an_artifact("child", "edit", parent="fox", prompts=("a fox", "at night"), used=300.0)
    async with open_library(place) as library:
        await record(library, a_job(state="done"), an_artifact())
        await record(library, a_job("edit", state="done"), child)
        assert await library.prune(before=200.0) == 1
        assert await library.artifact("fox", principal="ada") is None
        assert await library.artifact("child", principal="ada") == child
