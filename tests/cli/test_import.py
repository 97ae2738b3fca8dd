"""Import the library of one machine into that of a fleet, where its continuations go on."""

from __future__ import annotations

from pathlib import Path
from urllib.request import urlopen

import pytest

from fakes.backends import png
from fakes.commands import CommandLine
from fakes.s3 import Store
from mediasmith.cli.exit_codes import ExitCode

pytestmark = pytest.mark.fleet


@pytest.fixture
def settings(tmp_path: Path, database_url: str, store: Store, bucket_url: str) -> dict[str, str]:
    """The variables of a replica."""
    return {
        **store.env,
        "MEDIASMITH_DATABASE_URL": database_url,
        "MEDIASMITH_STORE_URL": bucket_url,
        "MEDIASMITH_DATA_DIR": str(tmp_path / "replica"),
    }


def test_a_library_is_imported_and_its_continuations_go_on(
    command: CommandLine, settings: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [command("generate", prompt, "--json").json for prompt in ("a fox", "an owl")]
    Path(made[1]["files"][0]["path"]).unlink()
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    ran = command("import", str(tmp_path / "data"))
    assert (ran.code, ran.out) == (ExitCode.DONE, [])
    assert ran.err[0] == "Copied 2 jobs and 1 file."
    assert ran.err[-1] == f"  {made[1]['files'][0]['path']}"
    again = command("import", str(tmp_path / "data"))
    assert again.err == ["Copied 0 jobs and 0 files.", "2 jobs had been copied before."]
    assert command("jobs", made[0]["job_id"], "--json").json["files"][0]["id"] == made[0]["files"][0]["id"]
    edited = command("edit", made[0]["continuation_id"], "redder")
    assert edited.code == ExitCode.DONE
    with urlopen(edited.out[0]) as answer:
        assert answer.read() == png()


def test_what_is_imported_belongs_to_the_holder_of_the_token(
    command: CommandLine, settings: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command("generate", "a fox")
    for name, value in {**settings, "MEDIASMITH_HTTP_TOKEN": "0123456789abcdef" * 2}.items():
        monkeypatch.setenv(name, value)
    ran = command("import", str(tmp_path / "data"))
    assert ran.err[0] == "Copied 1 job and 1 file."
    assert ran.err[1].startswith("They belong to the holder of MEDIASMITH_HTTP_TOKEN")
    assert len(command("jobs", "--json").json["jobs"]) == 1


def test_a_folder_without_a_library_is_named(
    command: CommandLine, settings: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    ran = command("import", str(tmp_path))
    assert ran.code == ExitCode.FAILED
    assert ran.stderr.startswith(f"There is no library.sqlite3 in {tmp_path}.")
