"""The command line: paths alone on standard output, words for people on standard error, and honest exit codes."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeAlias

import anyio
import pytest

from fakes.backends import capability, fake, make, png
from fakes.provider import running
from mediasmith import cli
from mediasmith.contract import JSON, Accepted, Backend, Call, Model, Output, Params, Pending, Price, Result, Work
from mediasmith.errors import ProviderError, Refused
from mediasmith.params import Seed
from mediasmith.registry import Registry

COMMAND = str(Path(sys.executable).with_name("mediasmith"))

Install: TypeAlias = Callable[..., None]
Run: TypeAlias = "Callable[..., Ran]"


class Ran:
    """What a command came to: its exit code, and the lines that it wrote."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out.splitlines()
        self.err = err.splitlines()
        self.said = err

    @property
    def json(self) -> dict[str, Any]:
        [text] = self.out
        return json.loads(text)


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("MEDIASMITH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MEDIASMITH_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("MEDIASMITH_OUTPUT_DIR", str(tmp_path / "out"))


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Have these backends installed, and no others."""

    def do(*backends: Backend[Any], **broken: str) -> None:
        registry = Registry(backends={backend.name: backend for backend in backends}, broken=broken)

        def load(*, only: Collection[str] = ()) -> Registry:
            return registry

        monkeypatch.setattr("mediasmith.registry.load", load)

    do(fake())
    return do


@pytest.fixture
def run(install: Install, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process."""

    def do(*words: str) -> Ran:
        code = cli.main(words)
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return do


def collectable(*, done: Callable[[], bool], cancelled: list[JSON] | None = None, every: float = 0.01) -> Backend[None]:
    """A backend whose provider names the work, and has it done when `done` says so."""

    async def start(_call: Call[None, Any]) -> Accepted:
        return Accepted(handle="h-1")

    async def poll(_work: Work[None], _handle: JSON) -> Pending | Result:
        finished = Result(outputs=(Output(body=png(), mime="image/png"),))
        return finished if done() else Pending(progress=0.25, message="painting")

    async def cancel(_work: Work[None], handle: JSON) -> None:
        if cancelled is not None:
            cancelled.append(handle)

    return fake(start=start, poll=poll, cancel=cancel, every=every)


def test_generate_prints_the_path_alone_and_tells_the_rest_to_the_person(run: Run, tmp_path: Path) -> None:
    ran = run("generate", "a lighthouse")
    [path] = ran.out
    assert ran.code == cli.OK
    assert Path(path).is_absolute()
    assert Path(path).parent == tmp_path / "out"
    assert Path(path).read_bytes() == png()
    made = run("jobs", "--json").json["jobs"][0]
    assert ran.err == [
        "Made by fake fake-1.",
        "Cost: not known.",
        f'Change it with: mediasmith edit {made["continuation_id"]} "what to change"',
    ]


def test_several_files_are_a_path_a_line_and_an_id_each(run: Run) -> None:
    ran = run("generate", "a lighthouse", "-n", "3")
    assert len(ran.out) == 3
    assert all(Path(path).is_file() for path in ran.out)
    files = run("jobs", "--json").json["jobs"][0]["files"]
    assert [line.split() for line in ran.err[-3:]] == [[file["id"], Path(file["path"]).name] for file in files]


def test_json_prints_the_whole_answer_and_nothing_else(run: Run) -> None:
    answer = run("generate", "a lighthouse", "--json").json
    assert answer["status"] == "done"
    assert answer["backend"] == "fake"
    assert Path(answer["files"][0]["path"]).is_file()


def test_edit_continues_from_an_id(install: Install, run: Run) -> None:
    asked: list[Call[None, Any]] = []

    async def start(call: Call[None, Any]) -> Result:
        asked.append(call)
        return Result(outputs=(Output(body=png(), mime="image/png", state={"step": len(asked)}),))

    install(fake(start=start))
    first = run("generate", "a lighthouse", "--json").json["continuation_id"]
    assert run("edit", first, "in winter", "--json").json["parent"] == first
    assert (asked[1].prompt, asked[1].state) == ("in winter", {"step": 1})


def test_the_same_command_again_makes_another_file(run: Run) -> None:
    first, second = (run("generate", "a lighthouse") for _ in range(2))
    assert first.out != second.out
    assert "warning" not in second.said


def test_a_warning_is_told_but_never_piped(install: Install, run: Run) -> None:
    async def start(call: Call[None, Any]) -> Result:
        call.warn("The sky came out grey.")
        return await make(call)

    install(fake(start=start))
    ran = run("generate", "a lighthouse")
    assert len(ran.out) == 1
    assert "warning: The sky came out grey." in ran.err


class Words(Params):
    """One of every type."""

    size: str | None = None
    duration: float | None = None
    seed: Seed | None = None
    generate_audio: bool | None = None
    voices: tuple[str, ...] | None = None
    weights: dict[str, float] | None = None
    mood: str | None = None
    steps: int | None = None


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--set", "size=512"], {"size": "512"}),
        (["--set", "seed=7"], {"seed": 7}),
        (["--set", "seed=7", "--set", "seed=8"], {"seed": 8}),
        (["--set", "duration=2.5"], {"duration": 2.5}),
        (["--set", "generate_audio=true"], {"generate_audio": True}),
        (["--set", "generate_audio=false"], {"generate_audio": False}),
        (["--set", "voices=Ann=nova,Bob=echo"], {"voices": ("Ann=nova", "Bob=echo")}),
        (["--set", "voices=Ann=nova", "--set", "voices=Bob=echo"], {"voices": ("Ann=nova", "Bob=echo")}),
        (["--set", 'voices=["Ann=no,va"]'], {"voices": ("Ann=no,va",)}),
        (["--set", 'options={"steps": 3}'], {"steps": 3}),
        (["--option", "mood=calm = serene"], {"mood": "calm = serene"}),
        (["--option", "steps=3", "--option", "mood=calm"], {"steps": 3, "mood": "calm"}),
        (["--option", 'weights={"blue": 0.5}'], {"weights": {"blue": 0.5}}),
        (["--set", 'options={"steps": 3}', "--option", "mood=calm"], {"steps": 3, "mood": "calm"}),
    ],
)
def test_words_arrive_as_what_the_tool_takes(
    install: Install, run: Run, words: Sequence[str], expected: Mapping[str, object]
) -> None:
    asked: list[Params] = []

    async def start(call: Call[None, Any]) -> Result:
        asked.append(call.params)
        return await make(call)

    install(fake(params=Words, start=start))
    ran = run("generate", "a lighthouse", *words)
    assert ran.code == cli.OK, ran.said
    assert asked[0].model_dump(exclude_none=True) == expected


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--set", "sise=512"], "There is no argument 'sise'. Did you mean size?"),
        (["--set", "seed=lucky"], 'seed must be a whole number from 0 to 4294967295, not "lucky".'),
        (["--set", "generate_audio=maybe"], 'generate_audio must be true or false, not "maybe".'),
        (["--set", "options=none", "--option", "steps=3"], "options must be an object"),
        (["--kind", "symphony"], 'kind is "symphony"; accepted: image.'),
    ],
)
def test_a_word_that_does_not_fit_is_named(install: Install, run: Run, words: Sequence[str], text: str) -> None:
    install(fake(params=Words))
    ran = run("generate", "a lighthouse", *words)
    assert (ran.code, ran.out) == (cli.FAILED, [])
    assert text in ran.said


def test_named_options_are_arguments_of_the_tool(run: Run, tmp_path: Path) -> None:
    ran = run("generate", "--backend", "fake", "--model", "fake-1", "--draft", "--output", f"{tmp_path}/out/a/", "fox")
    assert ran.code == cli.OK, ran.said
    assert Path(ran.out[0]).parent == tmp_path / "out" / "a"


def test_a_dash_reads_the_prompt_from_standard_input(
    install: Install, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def start(call: Call[None, Any]) -> Result:
        asked.append(call.prompt)
        return await make(call)

    install(fake(start=start))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("ein Käfer,\nblau\n".encode())))
    assert run("generate", "-").code == cli.OK
    assert asked == ["ein Käfer,\nblau"]


def test_a_prompt_that_is_no_text_is_wrong_usage(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xff\xfe\xff")))
    with pytest.raises(SystemExit) as left:
        run("generate", "-")
    assert left.value.code == 2


def test_a_failure_says_what_was_spent_and_prints_no_path(install: Install, run: Run) -> None:
    async def start(_call: Call[None, Any]) -> Result:
        raise Refused("The provider declined the prompt.", "Say it differently.", billed="no")

    install(fake(start=start))
    ran = run("generate", "a lighthouse")
    assert (ran.code, ran.out) == (cli.FAILED, [])
    assert "The provider declined the prompt. Nothing was billed. Say it differently." in ran.said


def test_a_failure_that_may_have_cost_says_so(install: Install, run: Run) -> None:
    async def start(_call: Call[None, Any]) -> Result:
        raise ProviderError("The provider fell over.")

    price = Price(usd=0.04, per="image", as_of=date(2026, 1, 1), source="")
    install(fake(start=start, models=(Model(id="fake-1", prices=(price,)),)))
    ran = run("generate", "a lighthouse", "--json")
    assert ran.code == cli.FAILED
    assert ran.json["status"] == "unknown"
    assert "It may have been billed" in ran.said
    assert "Cost: 0.04 USD (estimated)." in ran.err


def test_what_was_made_of_a_part_is_printed_and_the_rest_explained(install: Install, run: Run) -> None:
    calls: list[int] = []

    async def start(call: Call[None, Any]) -> Result:
        calls.append(1)
        if len(calls) > 1:
            raise Refused("The provider declined the prompt.", billed="no")
        return await make(call)

    install(fake(start=start))
    ran = run("generate", "a lighthouse", "-n", "2")
    assert (ran.code, len(ran.out)) == (cli.OK, 1)
    assert "partial: The provider declined the prompt." in ran.err


def test_the_prompts_of_a_batch_that_failed_are_named(install: Install, run: Run) -> None:
    async def start(call: Call[None, Any]) -> Result:
        if "wolf" in call.prompt:
            raise Refused("No wolves.", billed="no")
        return await make(call)

    install(fake(start=start))
    ran = run("generate", "--set", "prompts=a fox,a wolf")
    assert (ran.code, len(ran.out)) == (cli.OK, 1)
    assert "failed: a wolf: No wolves. Nothing was billed." in ran.err


def test_a_dry_run_makes_nothing_and_pipes_nothing(install: Install, run: Run, tmp_path: Path) -> None:
    async def start(_call: Call[None, Any]) -> Result:
        raise AssertionError

    install(fake(start=start))
    ran = run("generate", "a lighthouse", "--dry-run")
    assert (ran.code, ran.out) == (cli.OK, [])
    assert "Nothing was sent. fake fake-1 would make it." in ran.err
    assert not (tmp_path / "out").exists()


def test_a_job_that_goes_on_is_left_to_be_collected(
    install: Install, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished: list[bool] = []
    install(collectable(done=lambda: bool(finished)))
    monkeypatch.setenv("MEDIASMITH_DEADLINE_SECONDS", "0.05")
    left = run("generate", "a lighthouse")
    job = run("jobs", "--json").json["jobs"][0]["job_id"]
    assert (left.code, left.out) == (cli.LATER, [])
    assert left.err[-1] == f"Still running. Collect it with: mediasmith jobs {job}"
    assert run("jobs", job).code == cli.LATER
    finished.append(True)
    collected = run("jobs", job)
    assert collected.code == cli.OK
    assert Path(collected.out[0]).is_file()
    assert collected.out == run("jobs", job).out


def test_what_is_made_of_a_job_that_goes_on_is_not_printed_before_its_end(
    install: Install, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished = [True, False]
    install(collectable(done=lambda: finished.pop(0) if finished else False))
    monkeypatch.setenv("MEDIASMITH_DEADLINE_SECONDS", "0.05")
    left = run("generate", "a lighthouse", "-n", "2")
    assert (left.code, left.out) == (cli.LATER, [])
    assert len(run("jobs", "--json").json["jobs"][0]["files"]) == 1


def test_a_command_whose_answer_was_lost_takes_its_job_up_again(
    install: Install, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished: list[bool] = []
    install(collectable(done=lambda: bool(finished)))

    def lose(_engine: object, _result: object) -> None:
        pass

    with monkeypatch.context() as lost:
        lost.setenv("MEDIASMITH_DEADLINE_SECONDS", "0.05")
        lost.setattr("mediasmith.engine.Engine.answered", lose)
        assert run("generate", "a lighthouse").code == cli.LATER
    finished.append(True)
    ran = run("generate", "a lighthouse")
    assert (ran.code, len(ran.out)) == (cli.OK, 1)
    assert "nothing was sent again" in ran.err[0]
    assert len(run("jobs", "--json").json["jobs"]) == 1


def test_a_cancelled_job_is_stopped_at_the_provider(
    install: Install, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[JSON] = []
    install(collectable(done=lambda: False, cancelled=told))
    monkeypatch.setenv("MEDIASMITH_DEADLINE_SECONDS", "0.05")
    run("generate", "a lighthouse")
    job = run("jobs", "--json").json["jobs"][0]["job_id"]
    told.clear()
    ran = run("jobs", job, "--cancel")
    assert (ran.code, ran.out, told) == (cli.OK, [], ["h-1"])
    assert ran.err[0].startswith("cancelled: The job was cancelled.")
    assert run("jobs", job).code == cli.FAILED


class HastyClock:
    """A second passes in a millisecond."""

    def __init__(self) -> None:
        self._start = time.time()

    def now(self) -> float:
        return self._start + (time.time() - self._start) * 1000

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds / 1000)


def test_whoever_waits_is_told_how_it_stands(install: Install, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    polls = iter(range(30))
    monkeypatch.setattr("mediasmith.opening.SystemClock", HastyClock)
    monkeypatch.setenv("MEDIASMITH_DEADLINE_SECONDS", "100000")
    install(collectable(done=lambda: next(polls) == 29, every=5))
    ran = run("generate", "a lighthouse")
    assert (ran.code, len(ran.out)) == (cli.OK, 1)
    assert any(line.endswith(" s: 25%, painting") for line in ran.err)


def test_progress_is_told_every_few_seconds_however_often_it_comes(capsys: pytest.CaptureFixture[str]) -> None:
    tell = cli.Progress()

    async def watch() -> None:
        for second in range(1, 10):
            await tell(second, "painting")

    anyio.run(watch)
    assert capsys.readouterr().err.splitlines() == ["4 s: painting", "8 s: painting"]


def test_recent_jobs_are_a_table(install: Install, run: Run) -> None:
    async def start(call: Call[None, Any]) -> Result:
        if "wolf" in call.prompt:
            raise Refused("No\nwolves.", billed="no")
        return await make(call)

    install(fake(start=start))
    [path] = run("generate", "a fox").out
    run("generate", "a wolf")
    head, wolf, fox = run("jobs").out
    assert head.split() == ["JOB", "STATUS", "KIND", "BACKEND", "RESULT"]
    assert wolf.split()[1:4] == ["failed", "image", "fake"]
    assert wolf.endswith("No wolves. Nothing was billed.")
    assert fox.split()[1:] == ["done", "image", "fake", path]
    assert fox.index("done") == wolf.index("failed") == head.index("STATUS")


def test_without_jobs_the_table_says_so(run: Run) -> None:
    assert run("jobs").out == ["There are no jobs yet."]


def test_an_error_speaks_of_commands_and_not_of_tools(run: Run) -> None:
    ran = run("edit", "nothing", "bluer")
    assert (ran.code, ran.out) == (cli.FAILED, [])
    assert "There is no continuation 'nothing'" in ran.said
    assert "`mediasmith jobs` without an id" in ran.said
    assert not any(tool in ran.said for tool in ("get_job", "continue_edit", "list_backends", "generate_media"))


def test_backends_are_a_table_with_what_is_missing_and_the_fix(install: Install, run: Run) -> None:
    many = tuple(Model(id=f"m-{number}") for number in range(5))
    install(fake(), fake("keyed", keys=("KEYED_API_KEY",), models=many), torn="ImportError: no")
    head, ready, keyed, broken = run("backends").out
    assert head.split(maxsplit=4) == ["BACKEND", "KIND", "READY", "MODELS", "WHAT IS MISSING"]
    assert ready.split() == ["fake", "image", "yes", "fake-1"]
    assert keyed.startswith("keyed")
    assert "m-0, m-1, m-2 +2" in keyed
    assert "Set KEYED_API_KEY" in keyed
    assert head.index("WHAT") == keyed.index("Set KEYED_API_KEY")
    assert broken == "torn could not be loaded: ImportError: no"


def test_settings_that_are_not_used_are_told_with_the_backends(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIASMITH_CONCURRENCY", "lots")
    assert run("backends").out[-1].startswith("MEDIASMITH_CONCURRENCY is 'lots'")


def test_without_backends_the_table_says_so(install: Install, run: Run) -> None:
    install()
    assert run("backends").out == ["No backend is installed."]


def test_one_backend_is_shown_in_full(install: Install, run: Run) -> None:
    async def voices(_client: None) -> Sequence[str]:
        return ["anna", "ben"]

    class Spoken(Params):
        voice: str | None = None
        speed: float = 1.0
        style: str | None = None

    kinds = (capability(), capability("speech", kind="speech", params=Spoken, choices={"voice": voices}))
    install(fake(capabilities=kinds))
    ran = run("backends", "fake")
    text = "\n".join(ran.out)
    assert ran.out[0] == "Fake (fake)  https://fake.invalid/docs"
    assert "image (image): ready" in ran.out
    assert "speech (speech): ready" in ran.out
    for row in (["seed", "integer 0-4294967295"], ["speed", "number; default 1.0"], ["voice", "anna, ben"]):
        assert any(line.split(maxsplit=1) == row or line.split(maxsplit=2)[1:] == row for line in ran.out), text
    assert any(line.split() == ["options", "mood", "string"] for line in ran.out)
    assert run("backends", "fake", "--json").json["capabilities"][1]["choices"] == {"voice": ["anna", "ben"]}


def test_an_unknown_backend_is_a_failure_that_names_the_known(run: Run) -> None:
    ran = run("backends", "fakir")
    assert (ran.code, ran.out) == (cli.FAILED, [])
    assert "Did you mean fake?" in ran.said


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["compose"], "invalid choice"),
        (["edit", "x"], "PROMPT"),
        (["generate", "x", "-n", "two"], "invalid int value"),
        (["generate", "x", "--set", "size"], "'size' is not NAME=VALUE"),
        (["generate", "x", "--option", "=1"], "'' is not NAME=VALUE"),
        (["generate", "x", "--set", "wait_seconds=1"], "Ctrl-C leaves a job running"),
        (["jobs", "--cancel"], "--cancel needs the ID of a job"),
    ],
)
def test_wrong_usage_is_told_and_is_exit_code_2(
    words: Sequence[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(words)
    assert left.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert text in err


def test_doctor_prints_its_sections_and_tells_by_its_exit_code(install: Install, run: Run) -> None:
    healthy = run("doctor")
    assert healthy.code == cli.OK
    assert {"Versions", "Backends", "Settings", "Folders", "Problems"} <= set(healthy.out)
    assert ["fake", "image", "ready"] in [line.split() for line in healthy.out]
    assert healthy.out[-1] == "Ready: fake. No problems."
    install(fake(keys=("FAKE_API_KEY",)))
    assert run("doctor").code == cli.FAILED


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="file names are Unicode there")
def test_a_path_is_printed_as_it_is_on_the_disk(
    install: Install,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    folder = os.fsencode(tmp_path) + b"/caf\xe9"
    monkeypatch.setenv("MEDIASMITH_OUTPUT_DIR", os.fsdecode(folder))
    assert cli.main(["generate", "a lighthouse"]) == cli.OK
    path = capsysbinary.readouterr().out.rstrip(b"\n")
    assert path.startswith(folder)
    assert Path(os.fsdecode(path)).read_bytes() == png()


def script(tmp_path: Path, *words: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """The console script, as a process of its own, at the end of its input."""
    return subprocess.run(
        [COMMAND, *words],
        env={**os.environ, **(env or {})},
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def test_the_console_script_tells_its_version(tmp_path: Path) -> None:
    ran = script(tmp_path, "--version")
    assert (ran.returncode, ran.stdout) == (0, f"mediasmith {version('mediasmith')}\n")
    command = [sys.executable, "-m", "mediasmith", "--version"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == ran.stdout


def test_the_console_script_makes_a_file_without_any_key(tmp_path: Path) -> None:
    ran = script(tmp_path, "generate", "a red kite", env={"MEDIASMITH_BACKENDS": "sketch"})
    assert ran.returncode == 0, ran.stderr
    assert Path(ran.stdout.removesuffix("\n")).is_file()


@pytest.mark.parametrize("words", [["--help"], ["generate", "--help"], ["generate", "--set"]])
def test_help_and_mistakes_import_nothing_heavy(words: Sequence[str]) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "mediasmith", *words]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    imported = {line.rpartition("|")[2].strip() for line in told.splitlines() if line.startswith("import time:")}
    assert {name for name in imported if name.startswith("mediasmith")} == {
        "mediasmith",
        "mediasmith.cli",
        "mediasmith.errors",
    }
    assert not imported & {"mcp", "pydantic", "anyio", "asyncio", "sqlite3", "PIL", "importlib.metadata"}


def test_a_server_imports_nothing_that_only_the_command_line_needs(tmp_path: Path) -> None:
    told = script(tmp_path, env={"PYTHONPROFILEIMPORTTIME": "1"})
    imported = {line.rpartition("|")[2].strip() for line in told.stderr.splitlines()}
    assert (told.returncode, told.stdout) == (0, "")
    assert "mediasmith.serving" in imported
    assert not imported & {"mediasmith.doctor", "mediasmith.engine"}


@pytest.mark.skipif(sys.platform == "win32", reason="a Ctrl-C cannot be sent to one process there")
async def test_ctrl_c_leaves_the_job_and_says_how_to_collect_it(tmp_path: Path) -> None:
    with running() as provider:
        provider.settings(polls={"slow-1": 100_000})
        env = {**os.environ, **provider.env(), "MEDIASMITH_BACKENDS": "stub_slow"}
        command = [COMMAND, "generate", "a lighthouse"]
        async with await anyio.open_process(command, env=env, cwd=tmp_path) as process:
            await provider.seen("GET /jobs/{id}", times=3)
            process.send_signal(signal.SIGINT)
            code = await process.wait()
            assert process.stdout
            assert process.stderr
            out = b"".join([chunk async for chunk in process.stdout])
            err = b"".join([chunk async for chunk in process.stderr]).decode()
        assert (code, out) == (cli.LATER, b"")
        [advice] = [line for line in err.splitlines() if "with: mediasmith jobs " in line]
        assert "Traceback" not in err
        provider.finish()
        words = advice.partition("with: mediasmith ")[2].split()
        ran = await anyio.to_thread.run_sync(partial(script, tmp_path, *words, env=env))
        assert ran.returncode == 0, ran.stderr
        assert await anyio.Path(ran.stdout.strip()).is_file()
        assert provider.paid() == 1
