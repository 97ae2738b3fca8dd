"""Jobs in ComfyUI: named before they are sent, polled in history and queue, and stopped alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from fakes.comfyui import FakeComfyUI
from fakes.comfyui.workflows import CANVAS, Making, drawn, filmed, node
from fakes.poll_errors import poll_error
from mediasmith.plugin.contract import Failed, Model, Pending, Remote, Result
from mediasmith.plugin.errors import Cancelled, MediaError, ModelGone, ProviderError
from mediasmith.testing import KEY, AdapterHarness
from mediasmith_backends.comfyui.capabilities import JobHandle

ID = "5f0c7d6e-1b1c-4b7e-9a53-0d2f5d1f7a10"
OTHER = "0a4f7a52-93cf-4d0e-8a55-8a6fd2b6e9f1"
JOB = JobHandle(prompt_id=ID)
HISTORY, QUEUE, JOBS = "GET /history/{id}", "GET /queue", "GET /api/jobs"
DELETE, INTERRUPT, CANCEL = "POST /queue", "POST /interrupt", "POST /api/jobs/{id}/cancel"


def entry(status: str = "success", *messages: Any, outputs: Any = None, **more: Any) -> dict[str, Any]:
    """The answer of the history about a job that has ended."""
    messages = messages or (["execution_success", {"prompt_id": ID}],)
    found = {"outputs": outputs or {}, "status": {"status_str": status, "messages": messages}, **more}
    return {"status": 200, "body": {ID: found}}


def queue(running: tuple[str, ...] = (), waiting: tuple[str, ...] = ()) -> dict[str, Any]:
    """The answer of the queue."""
    jobs: list[Any] = [
        [[number, name, {}, {}, []] for number, name in enumerate(names)] for names in (running, waiting)
    ]
    return {"status": 200, "body": {"queue_running": jobs[0], "queue_pending": jobs[1]}}


def file(name: str, kind: str = "output", subfolder: str = "") -> dict[str, str]:
    return {"filename": name, "subfolder": subfolder, "type": kind}


async def test_a_job_has_its_handle_before_it_is_sent(fake: FakeComfyUI, image: AdapterHarness) -> None:
    fake.script("POST /prompt", {"reset": True})
    error = await image.failure_of(seed=7)
    assert "broke" in error.message
    [handle] = image.handles
    assert isinstance(handle, JobHandle)
    assert str(UUID(handle.prompt_id)) == handle.prompt_id
    assert (fake.log()[-1]["body"]["prompt_id"], handle.seed) == (handle.prompt_id, 7)


async def test_an_older_version_that_names_jobs_itself_is_believed(fake: FakeComfyUI, image: AdapterHarness) -> None:
    fake.script("POST /prompt", {"status": 200, "body": {"prompt_id": OTHER, "number": 0, "node_errors": {}}})
    assert (await image.submit(seed=7)) == JobHandle(prompt_id=OTHER, seed=7)


async def test_a_workflow_that_is_not_there_is_never_sent(fake: FakeComfyUI, image: AdapterHarness) -> None:
    error = await image.failure_of(model=Model(id="none"))
    assert (type(error), error.billed, fake.counts()) == (ModelGone, "no", {})
    assert "no workflow none" in error.message


async def test_a_job_waits_runs_and_leaves_its_files_to_the_server(fake: FakeComfyUI, image: AdapterHarness) -> None:
    handle = await image.submit(seed=7, n=2)
    assert [await image.poll(handle) for _ in range(2)] == [Pending(message="waiting"), Pending(message="running")]
    result = await image.poll(handle)
    assert isinstance(result, Result)
    assert result.details == {"seed": 7}
    assert [output.mime for output in result.outputs] == ["image/png"] * 2
    for output in result.outputs:
        assert isinstance(output.body, Remote)
        assert output.body.url.startswith(f"{fake.url}/view?filename=made_0000")
        assert output.body.headers == {"authorization": f"Bearer {KEY}"}
    assert fake.paid() == 1


FILES: Mapping[str, tuple[dict[str, Any], list[str]]] = {
    "saved": ({"7": {"images": [file("a.png"), file("b.webp")]}}, ["a.png", "b.webp"]),
    "saved and shown": ({"6": {"images": [file("t.png", "temp")]}, "7": {"images": [file("a.png")]}}, ["a.png"]),
    "only shown": ({"6": {"images": [file("t.png", "temp")]}}, ["t.png"]),
    "beside others": ({"7": {"images": [file("a.png"), file("a.mp4")], "animated": [True], "text": ["x"]}}, ["a.png"]),
    "under another name": ({"7": {"gifs": [file("A.GIF")]}}, ["A.GIF"]),
}


@pytest.mark.parametrize("case", FILES)
async def test_the_files_of_the_kind_that_were_saved_are_the_result(
    fake: FakeComfyUI, image: AdapterHarness, case: str
) -> None:
    outputs, names = FILES[case]
    fake.script(HISTORY, entry(outputs=outputs))
    result = await image.poll(JOB)
    assert isinstance(result, Result)
    bodies = [output.body for output in result.outputs if isinstance(output.body, Remote)]
    assert [parse_qs(urlsplit(body.url).query)["filename"] for body in bodies] == [[name] for name in names]


async def test_a_name_is_passed_on_as_it_is(fake: FakeComfyUI, making: Making) -> None:
    film = making("video")
    fake.script(HISTORY, entry(outputs={"10": {"images": [file("a & b.mp4", subfolder="x/ü")], "animated": [True]}}))
    result = await film.poll(JOB)
    assert isinstance(result, Result)
    assert isinstance(result.outputs[0].body, Remote)
    assert result.outputs[0].body.url == f"{fake.url}/view?filename=a+%26+b.mp4&subfolder=x%2F%C3%BC&type=output"
    assert result.outputs[0].mime == "video/mp4"


def broken(kind: str, text: str) -> list[Any]:
    found = {"node_id": "5", "node_type": "KSampler", "exception_type": kind, "exception_message": text}
    return ["execution_error", {**found, "traceback": ["/home/ann/x.py"]}]


GRAPH: list[Any] = [0, ID, {"5": {"class_type": "KSampler", "_meta": {"title": "Second pass"}}}, {}, []]
TITLED: list[Any] = [0, ID, {"5": {"class_type": "KSampler", "_meta": {"title": "$seed"}}}, {}, []]

ENDS: Mapping[str, tuple[dict[str, Any], type[MediaError], str]] = {
    "failed": (
        entry("error", broken("ValueError", "No file /home/ann/models/a.safetensors here")),
        ProviderError,
        "KSampler (node 5) failed: No file a.safetensors here",
    ),
    "failed in a titled node": (entry("error", broken("X", "x"), prompt=GRAPH), ProviderError, "Second pass (node 5)"),
    "failed in a node for words": (entry("error", broken("X", "x"), prompt=TITLED), ProviderError, "KSampler (node 5)"),
    "out of memory": (entry("error", broken("torch.OutOfMemoryError", "x")), ProviderError, "smaller size"),
    "failed among odd messages": (
        entry("error", 7, [], ["execution_error"], broken("X", "Too dark.")),
        ProviderError,
        "failed: Too dark",
    ),
    "without a reason": (entry("error", ["execution_start", {}]), ProviderError, "could not finish the image"),
    "interrupted": (entry("error", ["execution_interrupted", {"node_id": "5"}]), Cancelled, "interrupted in ComfyUI"),
    "failed after a file": (entry("error", broken("X", "Late."), outputs=FILES["saved"][0]), ProviderError, "Late"),
    "nothing saved": (
        entry(outputs={"6": None, "7": {"text": ["x"]}}),
        ProviderError,
        "without a file of the type image",
    ),
    "another type": (entry(outputs={"7": {"images": [file("a.mp4")]}}), ProviderError, "without a file of the type"),
}


@pytest.mark.parametrize("case", ENDS)
async def test_what_ended_without_a_file_says_why_and_cost_nothing(
    fake: FakeComfyUI, image: AdapterHarness, case: str
) -> None:
    answer, kind, words = ENDS[case]
    fake.script(HISTORY, answer)
    failed = await image.poll(JOB)
    assert isinstance(failed, Failed)
    assert (type(failed.error), failed.error.billed) == (kind, "no")
    assert words in str(failed.error)
    assert "ann" not in str(failed.error)


async def test_a_job_that_is_in_neither_history_nor_queue_is_lost(fake: FakeComfyUI, image: AdapterHarness) -> None:
    handle = await image.submit()
    assert isinstance(handle, JobHandle)
    fake.expire(handle.prompt_id)
    failed = await image.poll(handle)
    assert isinstance(failed, Failed)
    assert "has been restarted" in failed.error.message
    assert failed.error.billed == "no"


async def test_a_job_that_just_went_from_the_queue_to_the_history_is_not_lost(
    fake: FakeComfyUI, image: AdapterHarness
) -> None:
    fake.script(HISTORY, {"status": 200, "body": {}}, entry(outputs=FILES["saved"][0]))
    assert isinstance(await image.poll(JOB), Result)


PASSING: Mapping[str, tuple[str, dict[str, Any]]] = {
    "a page": (HISTORY, {"html": True, "status": 200}),
    "another job": (HISTORY, {"status": 200, "body": {OTHER: entry()["body"][ID]}}),
    "an unknown status": (HISTORY, entry("paused")),
    "files without names": (HISTORY, entry(outputs={"7": {"images": [{"filename": 7}]}})),
    "a queue without waiting ones": (QUEUE, {"status": 200, "body": {"queue_running": []}}),
    "a queue of something else": (QUEUE, queue(running=("somersault",))),
    "an error within": (QUEUE, {"status": 200, "body": {"error": "Gone."}}),
    "not there": (QUEUE, {"status": 404}),
}


@pytest.mark.parametrize("case", PASSING)
async def test_any_other_answer_is_trouble_that_may_pass(fake: FakeComfyUI, image: AdapterHarness, case: str) -> None:
    route, answer = PASSING[case]
    fake.script(route, answer)
    assert isinstance(await poll_error(image, JOB), MediaError)


async def test_a_job_is_found_beside_odd_ones(fake: FakeComfyUI, image: AdapterHarness) -> None:
    fake.script(QUEUE, queue(running=("somersault",), waiting=(ID,)))
    assert await image.poll(JOB) == Pending(message="waiting")


async def at_work(fake: FakeComfyUI, image: AdapterHarness, *, jobs: bool = False) -> JobHandle:
    """Start a long job, and poll until it runs."""
    fake.settings(polls=9, jobs=jobs)
    handle = await image.submit()
    assert isinstance(handle, JobHandle)
    for _ in range(2):
        await image.poll(handle)
    return handle


def changing(fake: FakeComfyUI) -> list[tuple[str, Any]]:
    """Return what was sent after the job, other than questions."""
    sent = [(entry["path"], entry["body"]) for entry in fake.log() if entry["method"] == "POST"]
    return sent[1:]


async def test_a_waiting_job_is_taken_out_of_the_queue(fake: FakeComfyUI, image: AdapterHarness) -> None:
    handle = await image.submit()
    assert isinstance(handle, JobHandle)
    assert await image.cancel(handle) == "stopped"
    assert changing(fake) == [("/queue", {"delete": [handle.prompt_id]})]


async def test_a_running_job_is_interrupted_by_its_id(fake: FakeComfyUI, image: AdapterHarness) -> None:
    handle = await at_work(fake, image)
    assert await image.cancel(handle) == "stopped"
    assert changing(fake) == [("/interrupt", {"prompt_id": handle.prompt_id})]
    failed = await image.poll(handle)
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, Cancelled)


async def test_a_job_that_begins_while_it_is_taken_out_is_interrupted(fake: FakeComfyUI, image: AdapterHarness) -> None:
    fake.script(QUEUE, queue(waiting=(ID,)), queue(running=(ID,)), queue(running=(ID,)))
    assert await image.cancel(JOB) == "asked"
    assert (fake.counts()[DELETE], fake.counts()[INTERRUPT]) == (1, 1)


async def test_anothers_job_is_never_interrupted(fake: FakeComfyUI, image: AdapterHarness) -> None:
    fake.script(QUEUE, queue(running=(OTHER,), waiting=(ID,)), queue(running=(OTHER,)))
    assert await image.cancel(JOB) == "stopped"
    assert INTERRUPT not in fake.counts()


async def test_a_newer_version_cancels_one_job_by_its_id(fake: FakeComfyUI, image: AdapterHarness) -> None:
    handle = await at_work(fake, image, jobs=True)
    assert await image.cancel(handle) == "stopped"
    assert changing(fake) == [(f"/api/jobs/{handle.prompt_id}/cancel", {})]


@pytest.mark.parametrize("status", ["success", "error"])
async def test_a_cancel_that_comes_too_late_sends_nothing(
    fake: FakeComfyUI, image: AdapterHarness, status: str
) -> None:
    fake.script(HISTORY, entry(status))
    assert await image.cancel(JOB) == "too late"
    assert fake.counts() == {HISTORY: 1}


async def test_a_job_that_ends_while_it_is_cancelled_is_collected(fake: FakeComfyUI, image: AdapterHarness) -> None:
    fake.script(HISTORY, {"status": 200, "body": {}}, entry())
    fake.script(QUEUE, queue(running=(ID,)))
    assert await image.cancel(JOB) == "too late"


async def test_a_part_that_cannot_run_is_left_out_with_a_warning(making: Making) -> None:
    graph = drawn(CANVAS)
    graph["8"] = node("ImageScale", image=("6", 0), upscale_method="x", width=1, height=1, crop="center")
    graph["9"] = node("SaveImage", images=("8", 0), filename_prefix="x")
    harness = making("image", two=graph)
    assert len((await harness.generate()).outputs) == 1
    [warning] = harness.warnings
    assert "leaves out a part" in warning
    assert "ImageScale (node 8)" in warning


async def test_a_video_and_a_sound_are_collected(making: Making) -> None:
    film = await making("video", mine=filmed(CANVAS)).generate(duration=2)
    tune = await making("music").generate(duration=2)
    assert [output.mime for output in (*film.outputs, *tune.outputs)] == ["video/mp4", "audio/mpeg"]
