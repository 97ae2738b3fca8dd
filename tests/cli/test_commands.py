"""The commands: help, usage errors, serving, completion, tables, and what they import."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import pytest

from fakes.backends import capability, fake
from fakes.commands import COMMAND, CommandLine
from mediasmith import cli
from mediasmith.cli.exit_codes import ExitCode
from mediasmith.mcp.http.listener import HOST, PORT
from mediasmith.plugin.contract import Model, Params, Takes
from mediasmith.plugin.errors import MediaError

# Help and usage errors


def test_help_names_every_command_and_exit_code(command: CommandLine) -> None:
    ran = command("--help")
    text = "\n".join(ran.out)
    assert (ran.code, ran.err) == (ExitCode.DONE, [])
    commands = ["serve", "worker", "import", "generate", "edit", "backends", "jobs", "gallery", "doctor"]
    commands += ["reference", "completion"]
    assert [line.split()[0] for line in ran.out if line.split()[:1] and line.split()[0] in commands][:11] == commands
    assert all(f" {code.value}  " in text for code in ExitCode)
    assert command("-h").out == ran.out


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["compose"], "No such command 'compose'"),
        (["--compose"], "No such option"),
        (["edit", "x"], "Missing argument 'PROMPT'"),
        (["generate", "a", "b"], "unexpected extra argument"),
        (["generate", "x", "--colour", "red"], "No such option"),
        (["generate", "x", "--wait-seconds", "1"], "No such option"),
        (["generate", "x", "--option", "size"], "'size' must have the form NAME=VALUE"),
        (["generate", "x", "--option", "=1"], "'' must have the form NAME=VALUE"),
        (["generate", "x", "-n"], "requires an argument"),
        (["jobs", "--cancel"], "--cancel and --open need a job ID"),
        (["jobs", "--open"], "--cancel and --open need a job ID"),
        (["serve", "--host", "0.0.0.0"], "--host, --port, --gallery and --no-work need --http"),
        (["serve", "--no-work"], "--host, --port, --gallery and --no-work need --http"),
        (["serve", "--port", "80"], "--host, --port, --gallery and --no-work need --http"),
        (["serve", "--http", "--port", "http"], "not a valid integer"),
        (["completion", "csh"], "is not one of"),
        (["import", "nowhere"], "Directory 'nowhere' does not exist"),
        (["reference", "nowhere.md"], "File 'nowhere.md' does not exist"),
    ],
)
def test_a_usage_error_is_explained_and_gives_exit_code_2(
    command: CommandLine, words: Sequence[str], text: str
) -> None:
    ran = command(*words)
    assert (ran.code, ran.out) == (ExitCode.USAGE, [])
    assert text in ran.stderr


def test_a_usage_error_prints_no_json(command: CommandLine) -> None:
    ran = command("generate", "x", "--json", "--colour", "red")
    assert (ran.code, ran.out) == (ExitCode.USAGE, [])


# Serving


def test_serve_listens_on_the_given_address_or_the_default_one(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    listened: list[tuple[str, int, bool]] = []

    async def serve_http(host: str, port: int, *, works: bool) -> None:
        listened.append((host, port, works))

    monkeypatch.setattr("mediasmith.mcp.http.listener.serve_http", serve_http)
    assert command("serve", "--http").code == ExitCode.DONE
    assert command("serve", "--http", "--host", "::1", "--port", "0", "--no-work").code == ExitCode.DONE
    assert listened == [(HOST, PORT, True), ("::1", 0, False)]
    text = " ".join(" ".join(command("serve", "--help").out).split())
    assert f"Default {HOST}" in text
    assert f"Default {PORT}" in text


@pytest.mark.parametrize("words", [["worker"], ["serve", "--http", "--port", "0", "--no-work"], ["import", "."]])
def test_one_machine_has_nothing_of_a_fleet(command: CommandLine, words: Sequence[str]) -> None:
    ran = command(*words)
    assert (ran.code, ran.out) == (ExitCode.FAILED, [])
    assert ran.stderr.startswith("This is for a fleet. Set MEDIASMITH_DATABASE_URL and MEDIASMITH_STORE_URL")


def test_a_server_that_cannot_listen_says_why(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    async def serve_http(_host: str, _port: int, *, works: bool) -> None:
        raise MediaError("Nothing can listen on port 80.", "Choose another port.")

    monkeypatch.setattr("mediasmith.mcp.http.listener.serve_http", serve_http)
    ran = command("serve", "--http", "--port", "80")
    assert (ran.code, ran.out, ran.err) == (
        ExitCode.FAILED,
        [],
        ["Nothing can listen on port 80. Choose another port."],
    )


@pytest.mark.parametrize("words", [[], ["serve"]])
def test_without_arguments_it_serves_on_standard_input_and_output(
    words: Sequence[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    served: list[bool] = []

    async def serve_stdio() -> None:
        served.append(True)

    monkeypatch.setattr("mediasmith.mcp.stdio.serve_stdio", serve_stdio)
    assert cli.main(words) == ExitCode.DONE
    monkeypatch.setattr("sys.stdin", None)
    assert cli.main(words) == ExitCode.DONE
    assert served == [True, True]
    assert capsys.readouterr() == ("", "")


def test_a_server_that_is_started_at_a_terminal_says_how_to_stop_it(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def serve_stdio() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mediasmith.mcp.stdio.serve_stdio", serve_stdio)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    ran = command()
    assert (ran.code, ran.out) == (ExitCode.INTERRUPTED, [])
    assert "press Ctrl-C to stop" in ran.stderr


# Completion


def completed(command: CommandLine, monkeypatch: pytest.MonkeyPatch, words: str) -> list[str]:
    """What bash is offered after these words; the last one is begun."""
    monkeypatch.setenv("_MEDIASMITH_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", f"mediasmith {words}")
    monkeypatch.setenv("COMP_CWORD", str(len(words.split(" "))))
    with pytest.raises(SystemExit) as left:
        command()
    assert left.value.code == 0
    monkeypatch.delenv("_MEDIASMITH_COMPLETE")
    return [line for line in command.written() if line]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("ba", ["plain,backends"]),
        ("generate --asp", ["plain,--aspect-ratio"]),
        ("generate --kind ", ["plain,image", "plain,speech"]),
        ("generate --seed ", []),
        ("generate --backend f", ["plain,fake"]),
        ("generate --model ", ["plain,fake-1", "plain,voice-1"]),
        ("generate --backend fake --model v", ["plain,voice-1"]),
        ("generate --backend other --model v", []),
        ("generate --image pic", ["file,pic"]),
        ("generate --output ", ["file,"]),
        ("generate - --see", ["plain,--seed"]),
        ("serve --p", ["plain,--port"]),
        ("backends ", ["plain,fake"]),
        ("completion f", ["plain,fish"]),
        ("jobs x", []),
    ],
)
def test_options_and_their_values_are_completed(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch, words: str, offered: list[str]
) -> None:
    speech = capability("speech", kind="speech", models=(Model(id="voice-1"),))
    command.install(fake(capabilities=(capability(takes={"image": Takes()}), speech)))
    assert completed(command, monkeypatch, words) == offered


def test_ids_of_recent_jobs_and_files_are_completed(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    made = command("generate", "a fox", "--json").json
    assert completed(command, monkeypatch, "jobs ") == [f"plain,{made['job_id']}"]
    assert completed(command, monkeypatch, "edit ") == [f"plain,{made['continuation_id']}"]
    assert completed(command, monkeypatch, f"edit {made['continuation_id'][:5]}") == [
        f"plain,{made['continuation_id']}"
    ]


def test_a_library_that_cannot_be_read_offers_no_completions(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "library.sqlite3").write_text("no library")
    assert completed(command, monkeypatch, "jobs ") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_of_a_shell_calls_the_command(command: CommandLine, shell: str) -> None:
    ran = command("completion", shell)
    assert ran.code == ExitCode.DONE
    assert any(f"_MEDIASMITH_COMPLETE={shell}_complete" in line for line in ran.out)
    assert f"mediasmith completion {shell} > " in "\n".join(command("completion", "--help").out)


# Backends and the doctor


def test_backends_are_a_table_with_what_is_missing_and_the_fix(command: CommandLine) -> None:
    many = tuple(Model(id=f"m-{number}") for number in range(5))
    command.install(fake(), fake("keyed", keys=("KEYED_API_KEY",), models=many), torn="ImportError: no")
    head, ready, keyed, broken = command("backends").out
    assert head.split(maxsplit=4) == ["BACKEND", "KIND", "READY", "MODELS", "MISSING"]
    assert ready.split() == ["fake", "image", "yes", "fake-1"]
    assert keyed.startswith("keyed")
    assert "m-0, m-1, m-2 +2" in keyed
    assert "Set KEYED_API_KEY" in keyed
    assert head.index("MISSING") == keyed.index("Set KEYED_API_KEY")
    assert broken == "torn could not be loaded: ImportError: no"


def test_problems_with_settings_are_listed_with_the_backends(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDIASMITH_CONCURRENCY", "lots")
    assert command("backends").out[-1].startswith("MEDIASMITH_CONCURRENCY is 'lots'")


def test_an_empty_table_of_backends_says_so(command: CommandLine) -> None:
    command.install()
    assert command("backends").out == ["No backend is installed."]


def test_one_backend_is_shown_in_detail(command: CommandLine) -> None:
    async def voices(_client: None) -> Sequence[str]:
        return ["anna", "ben"]

    class Spoken(Params):
        voice: str | None = None
        speed: float = 1.0
        style: str | None = None

    kinds = (capability(), capability("speech", kind="speech", params=Spoken, choices={"voice": voices}))
    command.install(fake(capabilities=kinds))
    ran = command("backends", "fake")
    text = "\n".join(ran.out)
    assert ran.out[0] == "Fake (fake)  https://fake.invalid/docs"
    assert "image (image): ready" in ran.out
    assert "speech (speech): ready" in ran.out
    for row in (["seed", "integer 0-4294967295"], ["speed", "number; default 1.0"], ["voice", "anna, ben"]):
        assert any(line.split(maxsplit=1) == row or line.split(maxsplit=2)[1:] == row for line in ran.out), text
    assert any(line.split() == ["options", "mood", "string"] for line in ran.out)
    assert command("backends", "fake", "--json").json["capabilities"][1]["choices"] == {"voice": ["anna", "ben"]}


def test_models_are_found_by_text(command: CommandLine) -> None:
    models = Model(id="flux-2", note="sharp"), Model(id="qwen")
    command.install(fake(models=models), fake("keyed", keys=("KEYED_API_KEY",)))
    assert [line.split() for line in command("backends", "--query", "flux").out] == [
        ["BACKEND", "KIND", "MODEL", "TITLE", "PRICE"],
        ["fake", "image", "flux-2", "sharp"],
    ]
    in_full = command("backends", "fake", "--query", "flux-2").out
    assert "image (image): ready" in in_full
    assert not any("qwen" in line for line in in_full)
    assert command("backends", "--query", "nothing").out == ["No model matches."]
    assert command("backends", "--query", "qwen", "--json").json["models"][0]["id"] == "qwen"
    ran = command("backends", "keyed", "--query", "flux")
    assert (ran.code, ran.out) == (ExitCode.FAILED, [])
    assert "keyed has no key" in ran.stderr


def test_an_unknown_backend_is_a_failure_with_a_suggestion(command: CommandLine) -> None:
    ran = command("backends", "fakir")
    assert (ran.code, ran.out) == (ExitCode.FAILED, [])
    assert "Did you mean fake?" in ran.stderr
    ran = command("backends", "fakir", "--json")
    assert ran.code == ExitCode.FAILED
    assert (ran.json["status"], ran.json["billed"]) == ("failed", "no")


def test_doctor_prints_its_report_and_its_exit_code_says_whether_there_are_problems(command: CommandLine) -> None:
    healthy = command("doctor")
    assert healthy.code == ExitCode.DONE
    assert {"Versions", "Backends", "Settings", "Folders", "Problems"} <= set(healthy.out)
    assert ["fake", "image", "ready"] in [line.split() for line in healthy.out]
    assert healthy.out[-1] == "Ready: fake. No problems."
    report = command("doctor", "--json").json
    assert (report["healthy"], report["ready"], report["problems"]) == (True, ["fake"], [])
    assert report["sections"]["Backends"] == [["fake", "image", "ready"]]
    command.install(fake(keys=("FAKE_API_KEY",)))
    assert command("doctor").code == ExitCode.FAILED
    assert command("doctor", "--json").json["healthy"] is False


# The reference

PAGE = """# Here

<!-- kinds -->
out of date
<!-- /kinds -->
"""


def test_reference_regenerates_the_tables_of_a_page(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    page = tmp_path / "TOOL.md"
    page.write_text(PAGE)
    ran = command("reference")
    assert (ran.code, ran.out, ran.err) == (ExitCode.DONE, [], ["TOOL.md was regenerated."])
    made = page.read_text()
    assert "| image |" in made
    assert "out of date" not in made
    written = page.stat().st_mtime_ns
    assert command("reference").err == ["TOOL.md is up to date."]
    assert command("reference", "--check").code == ExitCode.DONE
    assert page.stat().st_mtime_ns == written


def test_reference_check_shows_differences_and_writes_nothing(command: CommandLine, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    ran = command("reference", str(page), "--check")
    assert ran.code == ExitCode.FAILED
    assert "-out of date" in ran.out
    assert any(line.startswith("+| image |") for line in ran.out)
    assert f"Regenerate it with: mediasmith reference {page}" in ran.stderr
    assert page.read_text() == PAGE


def test_a_long_difference_is_cut(command: CommandLine, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE.replace("out of date", "\n".join(map(str, range(1000)))))
    assert len(command("reference", str(page), "--check").out) < 50


def test_a_page_with_an_unknown_marker_is_not_changed(command: CommandLine, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- kings -->\n<!-- /kings -->\n")
    ran = command("reference", str(page))
    assert (ran.code, ran.out) == (ExitCode.FAILED, [])
    assert f"{page}: Line 1 names an unknown table, kings." in ran.stderr
    assert page.read_text() == "<!-- kings -->\n<!-- /kings -->\n"


# As a process


def run_script(folder: Path, *words: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the console script without input."""
    return subprocess.run(
        [COMMAND, *words],
        env={**os.environ, **(env or {})},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def test_the_console_script_makes_a_file_without_a_key(command: CommandLine, tmp_path: Path) -> None:
    ran = run_script(tmp_path, "generate", "a red kite", env={"MEDIASMITH_BACKENDS": "sketch"})
    assert ran.returncode == 0, ran.stderr
    assert Path(ran.stdout.removesuffix("\n")).is_file()


def test_the_module_runs_as_the_console_script_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["mediasmith", "--version"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("mediasmith", run_name="__main__")
    assert (ended.value.code, capsys.readouterr().out) == (0, f"mediasmith {version('mediasmith')}\n")


def imported_by(*commands: Sequence[str]) -> set[str]:
    """Return the modules that a fresh process imports for these commands."""
    code = f"import sys; from mediasmith.cli import main; [main(words) for words in {commands}]; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(ran.stdout.splitlines()[-1].split())


def test_help_and_usage_errors_import_only_the_parser() -> None:
    modules = imported_by(["--help"], ["jobs", "--help"], ["compose"], ["completion", "zsh"])
    own = {name for name in modules if name.startswith("mediasmith.") and not name.startswith("mediasmith.cli")}
    assert own <= {"mediasmith.plugin", "mediasmith.plugin.errors", "mediasmith.config", "mediasmith.config.caller"}
    assert "click" in modules
    assert not modules & {"mcp", "pydantic", "anyio", "asyncio", "sqlite3", "PIL", "rich", "importlib.metadata"}


def test_help_that_depends_on_backends_imports_neither_the_engine_nor_the_server() -> None:
    modules = imported_by(["generate", "--help"], ["generate", "x", "--colour", "red"])
    assert "mediasmith.config.installation" in modules
    assert not modules & {"mcp", "sqlite3", "PIL", "rich", "mediasmith.engine.use_cases", "mediasmith.storage.library"}
