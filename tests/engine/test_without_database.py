"""Calls while the database is away: whether anything was billed, and which job goes on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from fakes.engines import (
    NO_WAIT,
    Scripted,
    accepted,
    continue_edit,
    generate,
    get_job,
    pending,
    running_engine,
)
from mediasmith.plugin.errors import MediaError
from mediasmith.storage.library.calls import CallRecords
from mediasmith.storage.library.store import Library


def stop_database(monkeypatch: pytest.MonkeyPatch, method: str, records: type = Library) -> None:
    """Have a method of the library fail, as it does while a database is away."""

    async def fail(*_given: object, **_more: object) -> None:
        raise MediaError("The database cannot be reached.", "Start it.")

    monkeypatch.setattr(records, method, fail)


@pytest.mark.parametrize(
    ("records", "method"),
    [(Library, "unfinished"), (CallRecords, "unanswered"), (CallRecords, "newest_running"), (Library, "add_job")],
)
async def test_a_call_that_cannot_be_recorded_was_not_billed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, records: type, method: str
) -> None:
    provider = Scripted()
    async with running_engine(tmp_path, provider.backend()) as engine:
        stop_database(monkeypatch, method, records)
        with pytest.raises(MediaError) as caught:
            await generate(engine)
    assert str(caught.value) == "The database cannot be reached. Nothing was billed. Start it."
    assert not provider.calls


async def test_an_edit_whose_origin_cannot_be_read_was_not_billed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_engine(tmp_path, Scripted().backend()) as engine:
        made = await generate(engine)
        stop_database(monkeypatch, "artifact")
        with pytest.raises(MediaError, match="Nothing was billed"):
            await continue_edit(engine, made.continuation_id)


@pytest.mark.parametrize("method", ["tasks", "artifacts"])
async def test_a_call_names_the_job_that_it_has_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    async with running_engine(tmp_path, Scripted().backend()) as engine:
        with monkeypatch.context() as patch:
            stop_database(patch, method)
            with pytest.raises(MediaError) as caught:
                await generate(engine)
        assert str(caught.value) == (
            "The database cannot be reached. This does not stop the job. Start it. "
            f"Collect it with get_job, job_id {caught.value.job_id}."
        )
        assert (await get_job(engine, caught.value.job_id)).status == "done"


@pytest.mark.parametrize(
    ("given", "note"),
    [({}, "This does not stop the job."), ({"cancel": True}, "Whether it was cancelled is not known.")],
)
async def test_a_job_that_is_asked_for_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: Mapping[str, bool], note: str
) -> None:
    async with running_engine(tmp_path, Scripted(accepted(), polls=pending(9)).backend()) as engine:
        job_id = (await generate(engine, caller=NO_WAIT)).job_id
        stop_database(monkeypatch, "job")
        with pytest.raises(MediaError) as caught:
            await get_job(engine, job_id, NO_WAIT, **given)
    text = f"The database cannot be reached. {note} Start it. Collect it with get_job, job_id {job_id}."
    assert str(caught.value) == text


async def test_an_answer_without_its_previews_names_its_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running_engine(tmp_path, Scripted().backend()) as engine:
        made = await generate(engine)
        stop_database(monkeypatch, "artifacts")
        with pytest.raises(MediaError, match=made.job_id):
            await engine.previews(made)
