"""A job's record as an answer: small, true, and the same for every reader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest

from fakes.engines import Scripted, artifact_record, generate, job_record, picture, running_engine, task_record
from mediasmith.engine.presenter import present_job, present_summary
from mediasmith.engine.results import Cost
from mediasmith.jobs.active_job import ActiveJob
from mediasmith.jobs.job_spec import JobSpec
from mediasmith.plugin.contract import Result

HOME = Path("/home/ada")
FAILURE = {"type": "Refused", "message": "Declined.", "hint": "Ask otherwise.", "billed": "no"}


def present(*tasks: Any, artifacts: tuple[Any, ...] = (), **job: Any) -> Any:
    return present_job(job_record(HOME, **job), tasks, artifacts, editable=True)


def test_a_file_is_described_in_full() -> None:
    artifact = artifact_record(HOME / "out" / "kite.png", width=16, height=9, bytes=70)
    result = present(task_record(phase="done"), artifacts=(artifact,), state="done")
    assert json.loads(result.text()) == {
        "status": "done",
        "job_id": "j" * 26,
        "continuation_id": "a" * 26,
        "files": [
            {
                "id": "a" * 26,
                "path": "/home/ada/out/kite.png",
                "uri": f"media://{'a' * 26}",
                "mime": "image/png",
                "bytes": 70,
                "width": 16,
                "height": 9,
            }
        ],
        "kind": "image",
        "backend": "one",
        "model": "fake-1",
        "next": "continue_edit with a continuation_id changes it.",
    }


def test_a_file_that_cannot_be_edited_has_no_continuation_id() -> None:
    bare, native = artifact_record(HOME / "a.mp3"), artifact_record(HOME / "b.mp3", state={"voice": "x"})
    job, tasks = job_record(HOME, state="done"), [task_record(phase="done")]
    closed = present_job(job, tasks, [bare], editable=False)
    assert (closed.continuation_id, closed.next, len(closed.files)) == ("", "", 1)
    for artifact, editable in ((bare, True), (native, False)):
        result = present_job(job, tasks, [artifact], editable=editable)
        assert (result.continuation_id, result.next[:13]) == (artifact.id, "continue_edit")
    running = present_job(job_record(HOME), tasks, [], editable=False)
    assert running.next.startswith("get_job")


def test_a_file_that_is_still_being_saved_is_not_shown() -> None:
    artifact = artifact_record(HOME / "out" / "kite.png", token="t")
    result = present(task_record(phase="saving"), artifacts=(artifact,))
    assert (result.files, result.continuation_id) == ((), "")


@pytest.mark.parametrize(
    ("tasks", "cost"),
    [
        ([task_record(billed="no", estimate_usd=1.0)], None),
        ([task_record(billed="yes", cost_usd=0.04, estimate_usd=1.0)], Cost(usd=0.04, basis="reported")),
        ([task_record(billed="yes", cost_usd=0.0)], Cost(usd=0.0, basis="reported")),
        ([task_record(billed="yes", estimate_usd=0.1)], Cost(usd=0.1, basis="estimated")),
        ([task_record(billed="unknown", estimate_usd=0.1)], Cost(usd=0.1, basis="estimated")),
        ([task_record(billed="yes")], Cost(basis="unknown")),
        ([task_record(billed="yes", cost_usd=0.1), task_record(number=1, billed="yes", estimate_usd=0.2)],
         Cost(usd=0.3, basis="estimated")),
        ([task_record(billed="yes", cost_usd=0.1), task_record(number=1, billed="unknown")], Cost(basis="unknown")),
        (
            [task_record(billed="no"), task_record(number=1, billed="yes", cost_usd=0.1)],
            Cost(usd=0.1, basis="reported"),
        ),
    ],
    ids=range(9),
)  # fmt: skip
def test_the_cost_is_as_charged_or_else_as_estimated(tasks: list[Any], cost: Cost | None) -> None:
    assert present(*tasks).cost == cost


def test_attempts_are_shown_only_if_one_failed() -> None:
    done = {"backend": "one", "model": "m", "outcome": "done"}
    failed = {"backend": "two", "model": "n", "outcome": "OutOfCredit: No credit."}
    assert present(task_record(), attempts=(done,)).attempts == ()
    assert [one.outcome for one in present(task_record(), attempts=(failed, done)).attempts] == [
        failed["outcome"],
        "done",
    ]


def test_the_backend_shown_is_the_one_that_succeeded() -> None:
    tasks = (
        task_record(number=0, backend="two", model="n", phase="failed"),
        task_record(number=1, backend="one", model="m", phase="done"),
        task_record(number=2, backend="three", phase="failed"),
    )
    result = present(*tasks, state="partial")
    assert (result.backend, result.model) == ("one", "m")


def test_an_error_says_what_happened_what_was_spent_and_what_to_do() -> None:
    result = present(task_record(phase="failed"), state="failed", error=FAILURE)
    assert result.error == "Declined. Nothing was billed. Ask otherwise."


@pytest.mark.parametrize(
    ("files", "phase", "status"),
    [
        (2, "done", "done"),
        (3, "done", "done"),
        (1, "done", "partial"),
        (1, "accepted", "running"),
        (0, "queued", "running"),
        (0, "sending", "running"),
        (0, "saving", "running"),
        (0, "failed", "failed"),
        (1, "failed", "partial"),
        (0, "unknown", "unknown"),
        (0, "cancelled", "cancelled"),
    ],
)
def test_each_prompt_of_a_batch_has_a_status_of_its_own(files: int, phase: Any, status: str) -> None:
    request = {"prompts": ["a", "b"], "count": 2, "parent": "", "history": []}
    artifacts = tuple(artifact_record(HOME / f"{n}.png", id=f"{n}" * 26, position=n) for n in range(files))
    error = FAILURE if phase != "done" else None
    tasks = (task_record(number=0, item=0, phase=phase, error=error), task_record(number=1, item=1, phase="failed"))
    result = present(*tasks, artifacts=artifacts, request=request)
    first, second = result.items
    assert (first.status, len(first.files)) == (status, files)
    assert second.status == "failed"
    assert first.error == ("" if phase == "done" else "Declined. Nothing was billed. Ask otherwise.")


def test_a_request_whose_answer_is_lost_does_not_run_on_in_a_job_that_has_ended() -> None:
    request = JobSpec(prompts=("a", "b"), count=1).to_json()
    tasks = (task_record(item=0, phase="sending"), task_record(number=1, item=1, phase="done"))
    for state, status in (("running", "running"), ("partial", "unknown")):
        assert present(*tasks, state=state, request=request).items[0].status == status


def test_an_edit_names_its_parent_and_the_prompts_from_the_first_to_its_own() -> None:
    request = {"prompts": ["larger"], "count": 1, "parent": "p" * 26, "history": ["a kite", "blue"]}
    result = present(task_record(phase="done"), request=request)
    assert (result.parent, result.lineage) == ("p" * 26, ("a kite", "blue", "larger"))
    assert present_summary(job_record(HOME, request=request), result).parent == "p" * 26
    assert present(task_record(phase="done")).lineage == ()


def test_the_lineage_in_an_answer_stays_small() -> None:
    history = [f"{number} {'x' * 5000}" for number in range(50)]
    request = {"prompts": ["larger"], "count": 1, "parent": "p" * 26, "history": history}
    lineage = present(task_record(), request=request).lineage
    assert [text.split()[0] for text in lineage] == ["0", "46", "47", "48", "49", "larger"]
    assert len("".join(lineage)) < 500


def test_a_single_prompt_has_no_items_and_a_long_one_is_cut_in_them() -> None:
    assert present(task_record()).items == ()
    request = {"prompts": ["x" * 500, "b"], "count": 1, "parent": "", "history": []}
    assert len(present(task_record(), request=request).items[0].prompt) == 81


def test_details_of_several_tasks_are_numbered() -> None:
    assert present(task_record(details={"seed": 7})).details == {"seed": 7}
    several = present(
        task_record(details={"seed": 7}), task_record(number=1, details={"seed": 8}), task_record(number=2)
    )
    assert several.details == {"1": {"seed": 7}, "2": {"seed": 8}}


@pytest.mark.parametrize(
    "details",
    [
        {"text": "x" * 5000},
        {"text": '"\\' * 5000},
        {"text": "\x01é狐🦊" * 2000},
        {f"key {number}": number for number in range(5000)},
        {"deep": [[[["x" * 1999]]] * 3]},
    ],
    ids=["long", "quotes", "letters", "many", "deep"],
)
def test_details_are_at_most_two_kilobytes(details: Any) -> None:
    result = present(task_record(details=details))
    assert 500 < len(json.dumps(result.details)) <= 2000
    assert len(result.model_dump_json(include={"details"}).encode()) <= 2020


def test_the_progress_of_a_job_elsewhere_is_not_guessed() -> None:
    result = present(task_record(phase="accepted"))
    assert (result.status, result.message, result.progress) == ("running", "", None)


@pytest.mark.parametrize(("state", "progress", "message"), [("running", 0.5, "50%, drawing"), ("done", None, "")])
async def test_only_a_running_job_has_progress(state: Any, progress: float | None, message: str) -> None:
    job = job_record(HOME, state=state)
    active = ActiveJob(
        job=job, spec=JobSpec.from_job(job), destination=cast("Any", None), progress=0.5, message="drawing"
    )
    result = present_job(job, [task_record()], [], active, editable=True)
    assert (result.progress, result.message) == (progress, message)


def test_an_unknown_job_points_to_the_usage_page() -> None:
    assert present(task_record(phase="unknown"), state="unknown").next == (
        "Check the provider's usage page before asking again."
    )


def test_a_failed_job_says_whether_it_was_billed() -> None:
    assert present(task_record(phase="failed"), state="failed", error=FAILURE).billed == "no"
    assert present(task_record(phase="done"), state="done").billed is None


def test_the_list_of_jobs_is_shorter_than_their_own_answers() -> None:
    job = job_record(HOME, state="done", warnings=("Careful.",), created=1_800_000_000.0)
    artifact = artifact_record(HOME / "out" / "kite.png")
    whole = present_job(
        job, [task_record(phase="done", billed="yes", cost_usd=1.0, details={"seed": 7})], [artifact], editable=True
    )
    listed = json.loads(present_summary(job, whole).model_dump_json(exclude_defaults=True))
    assert listed == {
        "status": "done",
        "job_id": "j" * 26,
        "created": "2027-01-15T08:00:00Z",
        "kind": "image",
        "prompt": "a red kite",
        "backend": "one",
        "model": "fake-1",
        "continuation_id": "a" * 26,
        "files": [json.loads(whole.files[0].model_dump_json(exclude_defaults=True))],
    }


def test_the_list_shows_the_beginning_of_the_prompt() -> None:
    request = {"prompts": ["x" * 500, "b", "c"], "count": 1, "parent": "", "history": []}
    job = job_record(HOME, request=request)
    assert (
        present_summary(job, present_job(job, [task_record()], [], editable=True)).prompt == f"{'x' * 80}… (and 2 more)"
    )


async def test_answers_stay_small_however_much_a_provider_says(tmp_path: Path) -> None:
    loud = Result(outputs=picture().outputs, details={"text": "x" * 1_000_000, "list": ["y" * 5000] * 1000})
    async with running_engine(tmp_path, Scripted(loud).backend()) as engine:
        result = await generate(engine)
    assert result.status == "done"
    assert len(result.text().encode()) < 3500
