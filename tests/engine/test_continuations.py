"""What an edit continues from, named by anything that an answer shows."""

from __future__ import annotations

import unicodedata
from collections.abc import AsyncGenerator, Callable, Mapping
from pathlib import Path

import anyio
import pytest

from fakes.engines import (
    Scripted,
    continue_edit,
    generate,
    job_record,
    open_library,
    picture,
    running_engine,
    task_record,
)
from mediasmith.config.caller import Caller
from mediasmith.engine.results import MediaResult
from mediasmith.engine.use_cases import Engine
from mediasmith.plugin.contract import Takes
from mediasmith.plugin.errors import UnknownContinuation

FORMS: Mapping[str, Callable[[MediaResult], str]] = {
    "id": lambda made: made.continuation_id,
    "uri": lambda made: made.files[0].uri,
    "in capitals": lambda made: made.files[0].uri.upper(),
    "quoted": lambda made: f' "{made.files[0].uri}" ',
    "short id": lambda made: made.continuation_id[:8],
    "job": lambda made: made.job_id,
    "path": lambda made: made.files[0].path,
    "file uri": lambda made: Path(made.files[0].path).as_uri(),
    "decomposed": lambda made: unicodedata.normalize("NFD", made.files[0].path),
    "dragged": lambda made: made.files[0].path.replace(" ", "\\ "),
    "mentioned": lambda made: f"@{made.files[0].path}",
    "name": lambda made: Path(made.files[0].path).name,
    "name without extension": lambda made: Path(made.files[0].path).stem,
    "moved without extension": lambda made: f"/mnt/c/elsewhere/{Path(made.files[0].path).stem}",
    "moved": lambda made: f"/mnt/c/elsewhere/{Path(made.files[0].path).name}",
    "link": lambda made: f"http://127.0.0.1:8765/files/{made.continuation_id}?expires=1&signature=x",
}


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncGenerator[Engine]:
    folder = tmp_path / "Mes clichés"
    folder.mkdir()
    provider = Scripted(*(picture(state=1) for _ in range(9)))
    async with running_engine(folder, provider.backend(takes={"image": Takes()})) as opened:
        yield opened


@pytest.mark.parametrize("form", FORMS)
async def test_a_file_is_found_by_anything_that_its_answer_shows(engine: Engine, form: str) -> None:
    made = await generate(engine)
    await generate(engine, "another")
    edited = await continue_edit(engine, FORMS[form](made))
    assert edited.parent == made.continuation_id


@pytest.mark.parametrize("form", FORMS)
async def test_an_input_file_is_found_by_the_same(engine: Engine, form: str) -> None:
    made = await generate(engine)
    await generate(engine, "another")
    assert (await generate(engine, image=FORMS[form](made))).status == "done"


async def test_spellings_of_one_file_are_the_same_call(engine: Engine) -> None:
    made = await generate(engine)
    jobs = [await continue_edit(engine, FORMS[form](made), dry_run=True) for form in ("id", "path")]
    assert jobs[0] == jobs[1]


async def test_what_names_several_files_is_refused_with_each(engine: Engine, tmp_path: Path) -> None:
    made = await generate(engine, n=2, output=str(tmp_path / "Mes clichés" / "out" / "a" / "logo"))
    same = await generate(engine, output=str(tmp_path / "Mes clichés" / "out" / "b" / "logo-1"))
    with pytest.raises(UnknownContinuation, match="made 2 files") as caught:
        await continue_edit(engine, made.job_id)
    assert all(f"{file.id} ({Path(file.path).name})" in caught.value.message for file in made.files)
    with pytest.raises(UnknownContinuation, match=r"'logo-1.png' is the name of 2 files") as caught:
        await continue_edit(engine, "logo-1.png")
    assert same.continuation_id in caught.value.message


async def test_a_path_finds_the_file_that_is_there_now(engine: Engine, tmp_path: Path) -> None:
    output = str(tmp_path / "Mes clichés" / "out" / "logo.png")
    first = await generate(engine, output=output)
    await anyio.Path(first.files[0].path).unlink()
    second = await generate(engine, output=output)
    assert first.files[0].path == second.files[0].path
    assert (await continue_edit(engine, output)).parent == second.continuation_id


async def test_a_name_without_its_extension_is_whole(engine: Engine, tmp_path: Path) -> None:
    made = await generate(engine, output=str(tmp_path / "Mes clichés" / "out" / "logo.v2.png"))
    assert (await continue_edit(engine, "logo.v2")).parent == made.continuation_id
    for part in ("logo", "v2", "ogo.v2"):
        with pytest.raises(UnknownContinuation):
            await continue_edit(engine, part)


@pytest.mark.parametrize("form", FORMS)
async def test_nobody_else_finds_it(engine: Engine, form: str) -> None:
    made = await generate(engine)
    given = {"continuation_id": FORMS[form](made), "prompt": "make it blue"}
    with pytest.raises(UnknownContinuation):
        await engine.continue_edit(given, Caller(principal="someone else"))


@pytest.mark.parametrize("unknown", ["media://", "x", "last", "../", "/etc/hosts", "logo.png", "aaaaaaaa", "%", "~"])
async def test_what_was_not_made_here_is_not_found(engine: Engine, unknown: str) -> None:
    await generate(engine)
    with pytest.raises(UnknownContinuation, match=r"There is no continuation|is not a file that was made here"):
        await continue_edit(engine, unknown)


async def test_a_job_without_files_says_so(tmp_path: Path) -> None:
    stored = job_record(tmp_path)
    async with open_library(tmp_path) as library:
        await library.add_job(stored, [task_record(phase="accepted", handle="abc", billed="yes")])
    async with running_engine(tmp_path, Scripted().backend()) as engine:
        with pytest.raises(UnknownContinuation, match=f"The job {stored.id} is still running"):
            await continue_edit(engine, stored.id)
