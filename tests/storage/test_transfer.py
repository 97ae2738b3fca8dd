"""Copy a library to another: whole, once, and to be continued after a stop at any place."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fakes.destinations import png, unexpected
from fakes.libraries import Place, open_library
from fakes.records import a_job, a_task, an_artifact
from fakes.virtual_clock import VirtualClock
from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.storage.artifacts.artifact_store import Artifacts
from mediasmith.storage.artifacts.bucket import Bucket
from mediasmith.storage.artifacts.bucket_artifacts import BucketArtifacts
from mediasmith.storage.artifacts.local_artifacts import LocalArtifacts
from mediasmith.storage.library.store import Library
from mediasmith.storage.transfer import Copied, StoredLibrary, Transfer


@pytest.fixture(params=["folder", pytest.param("bucket", marks=pytest.mark.fleet)])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Artifacts:
    """Where files are copied to."""
    if request.param == "folder":
        return LocalArtifacts()
    store, url = request.getfixturevalue("store"), request.getfixturevalue("bucket_url")
    return BucketArtifacts(bucket=Bucket(url, env=store.env), folder=tmp_path / "passing", clock=VirtualClock())


@pytest.fixture
async def source(tmp_path: Path) -> AsyncGenerator[Library]:
    """A library with a job of two files, one that failed, and one that has not ended."""
    async with Library.open(tmp_path / "source.sqlite3") as library:
        old = tmp_path / "old"
        old.mkdir()
        facts = {"sha256": hashlib.sha256(png()).hexdigest(), "bytes": len(png()), "principal": "local"}
        names = ("fox", "owl")
        for name in names:
            (old / f"{name}.png").write_bytes(png())
        done = a_job("done", principal="local", state="done", owner="dead", folder=str(old), answered=True)
        await library.add_job(done, [a_task("done")])
        saved = [
            an_artifact(name, "done", path=str(old / f"{name}.png"), position=place, **facts)
            for place, name in enumerate(names)
        ]
        await library.commit(a_task("done", phase="done", billed="yes", cost_usd=0.5), saved, at=200.0)
        failed = a_task("failed", phase="failed", billed="no", error={"message": "no"})
        await library.add_job(a_job("failed", principal="grace", state="failed"), [failed])
        await library.add_job(a_job("running", principal="local"), [a_task("running")])
        yield library


@pytest.fixture
async def target(place: Place) -> AsyncGenerator[Library]:
    async with open_library(place) as library:
        yield library


@pytest.fixture
def transfer(source: Library, target: Library, files: Artifacts, tmp_path: Path) -> Callable[[], Transfer]:
    new = tmp_path / "new"
    return lambda: Transfer(
        source=StoredLibrary(library=source, files=LocalArtifacts()),
        target=StoredLibrary(library=target, files=files),
        folders=AllowedFolders(output=new, allowed=(new,)),
        principals={"local": "http"},
        trouble=unexpected,
    )


async def test_everything_that_has_ended_is_copied(
    transfer: Callable[[], Transfer], source: Library, target: Library, files: Artifacts
) -> None:
    assert await transfer().run() == Copied(jobs=2, files=2, running=["running"])
    job = await target.job("done", principal="http")
    original = await source.job("done", principal="local")
    assert job is not None
    assert original is not None
    assert replace(job, folder=original.folder, principal="local", owner="dead") == original
    assert await target.tasks("done") == await source.tasks("done")
    assert await target.tasks("failed") == await source.tasks("failed")
    assert await target.job("failed", principal="grace")
    assert await target.job("running", principal="http") is None
    for old, new in zip(await source.artifacts("done"), await target.artifacts("done"), strict=True):
        assert replace(new, path=old.path, principal="local") == old
        assert new.principal == "http"
        assert await files.read(new) == png()


async def test_a_second_run_copies_nothing(transfer: Callable[[], Transfer], target: Library) -> None:
    await transfer().run()
    before = await target.artifacts("done")
    assert await transfer().run() == Copied(earlier=2, running=["running"])
    assert await target.artifacts("done") == before


class Stop(Exception):
    """The process ends."""


@pytest.mark.parametrize("step", ["add_job", "commit"])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_run_that_was_stopped_is_continued(  # noqa: PLR0913, PLR0917 - fixtures
    transfer: Callable[[], Transfer],
    target: Library,
    files: Artifacts,
    step: str,
    when: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = getattr(target, step)

    async def stop(*given: Any, **named: Any) -> None:
        if when == "after":
            await real(*given, **named)
        raise Stop

    with monkeypatch.context() as patch:
        patch.setattr(target, step, stop)
        with pytest.raises(Stop):
            await transfer().run()
    copied = await transfer().run()
    assert copied.jobs + copied.earlier == 2
    artifacts = await target.artifacts("done")
    assert [Path(artifact.path).name for artifact in artifacts] == ["fox.png", "owl.png"]
    assert [await files.read(artifact) for artifact in artifacts] == [png(), png()]


async def test_files_that_are_gone_or_changed_are_named_and_their_records_copied(
    transfer: Callable[[], Transfer], target: Library, tmp_path: Path
) -> None:
    (tmp_path / "old" / "fox.png").unlink()
    (tmp_path / "old" / "owl.png").write_bytes(bytes(len(png())))
    copied = await transfer().run()
    assert copied == Copied(
        jobs=2, running=["running"], gone=[str(tmp_path / "old" / "fox.png"), str(tmp_path / "old" / "owl.png")]
    )
    assert [artifact.id for artifact in await target.artifacts("done")] == ["fox", "owl"]
