"""Copies of input files, in a folder of one machine or in the bucket of a fleet: another process finds them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from mediasmith.plugin.errors import InvalidRequest, MediaError
from mediasmith.storage.artifacts.bucket import Bucket
from mediasmith.storage.inputs.bucket_inputs import BucketInputs
from mediasmith.storage.inputs.input_file import InputFile, version_of
from mediasmith.storage.inputs.kept_inputs import FolderInputs, KeptInputs

Processes = Callable[[str], KeptInputs]


@pytest.fixture(params=["folder", pytest.param("bucket", marks=pytest.mark.fleet)])
def process(request: pytest.FixtureRequest, tmp_path: Path) -> Processes:
    """What a process has: those of one machine share a folder, replicas a bucket."""
    if request.param == "folder":
        return lambda _name: FolderInputs(root=tmp_path / "inputs")
    store, url = request.getfixturevalue("store"), request.getfixturevalue("bucket_url")
    return lambda name: BucketInputs(
        bucket=Bucket(url, env=store.env), local=FolderInputs(root=tmp_path / name / "inputs")
    )


def sources(folder: Path, *contents: bytes) -> Sequence[InputFile]:
    found: list[InputFile] = []
    for number, content in enumerate(contents):
        path = folder / f"given-{number}"
        path.write_bytes(content)
        file = InputFile(
            path=path,
            name="fox.png",
            mime="image/png",
            size=len(content),
            dimensions=None,
            version=version_of(path.stat()),
        )
        found.append(file)
    return found


async def test_another_process_finds_the_files(process: Processes, tmp_path: Path) -> None:
    await process("a").keep("job", sources(tmp_path, b"one", b"two", b""))
    other = process("b")
    paths = await other.find("job", 3)
    assert [path.read_bytes() for path in paths] == [b"one", b"two", b""]
    assert {path.parent for path in paths} == {other.folder("job")}


async def test_forgotten_files_are_gone_everywhere(process: Processes, tmp_path: Path) -> None:
    one, other = process("a"), process("b")
    await one.keep("job", sources(tmp_path, b"one"))
    await one.keep("kept", sources(tmp_path, b"two"))
    await other.find("job", 1)
    assert await other.jobs() == {"job", "kept"}
    await other.forget("job")
    await other.forget("job")
    assert await one.jobs() == await other.jobs() == {"kept"}
    with pytest.raises(FileNotFoundError):
        [path.stat() for path in await one.find("job", 1)]


async def test_a_file_that_changed_is_not_kept(process: Processes, tmp_path: Path) -> None:
    changed = sources(tmp_path, b"one")
    changed[0].path.write_bytes(b"another")
    with pytest.raises(InvalidRequest, match="changed"):
        await process("a").keep("job", changed)


async def test_files_that_cannot_be_kept_say_so(tmp_path: Path) -> None:
    (tmp_path / "inputs").touch()
    with pytest.raises(MediaError, match="could not be kept"):
        await FolderInputs(root=tmp_path / "inputs").keep("job", sources(tmp_path, b"one"))
