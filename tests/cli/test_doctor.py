"""The doctor: it finds what is wrong even when everything is, sends nothing, and never shows a key."""

from __future__ import annotations

import shutil
import sys
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import pytest

from fakes.backends import capability, fake
from mediasmith.cli.doctor import Report, examine
from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings, variable
from mediasmith.plugin.contract import Access, Backend

KEY = "sk-0123456789abcdef"

Install: TypeAlias = Callable[..., None]


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """An environment in which nothing is wrong."""
    return {"MEDIASMITH_DATA_DIR": str(tmp_path / "data"), "MEDIASMITH_OUTPUT_DIR": str(tmp_path / "out")}


@pytest.fixture(autouse=True)
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Have these backends installed, and no others; one that is ready at first."""

    def do(*backends: Backend[Any], **broken: str) -> None:
        registry = Registry(backends={backend.name: backend for backend in backends}, broken=broken)

        def load(*, only: Collection[str] = ()) -> Registry:
            return registry

        monkeypatch.setattr("mediasmith.config.registry.load", load)

    do(fake())
    return do


def text(report: Report) -> str:
    """All that is shown."""
    rows = [cell for rows in report.sections.values() for row in rows for cell in row]
    return "\n".join([*report.sections, *rows, *report.problems, report.verdict])


def row(report: Report, section: str, *start: str) -> tuple[str, ...]:
    """What follows in the one row of the section that begins so."""
    [found] = [row for row in report.sections[section] if row[: len(start)] == start]
    return found[len(start) :]


def inside(folder: Path) -> list[Path]:
    """Everything in a folder."""
    return list(folder.rglob("*"))


async def test_where_nothing_is_wrong_it_says_so(env: Mapping[str, str]) -> None:
    report = await examine(env)
    assert report.healthy
    assert report.problems == []
    assert report.sections["Problems"] == []
    assert report.verdict == "Ready: fake. No problems."


async def test_versions_are_those_that_run(env: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    report = await examine(env)
    assert row(report, "Versions", "Python")[0].startswith(f"{sys.version_info.major}.{sys.version_info.minor}.")
    assert all(row(report, "Versions", package)[0][0].isdigit() for package in ("mediasmith", "mcp"))
    monkeypatch.setattr("sys.path", [])
    assert row(await examine(env), "Versions", "mcp") == ("not installed",)


async def test_each_backend_is_ready_or_has_its_fix(install: Install, env: Mapping[str, str]) -> None:
    def voiceless(_access: Access) -> str:
        return "install mediasmith[voice]"

    kinds = (
        capability(),
        capability("speech", kind="speech", missing=voiceless),
        capability("song", kind="music"),
    )
    install(fake("keyed", keys=("KEYED_API_KEY", "OTHER_KEY")), fake("half", capabilities=kinds))
    report = await examine(env)
    assert row(report, "Backends", "keyed") == (
        "image",
        "not ready: Set KEYED_API_KEY or OTHER_KEY and restart the server",
    )
    assert row(report, "Backends", "half", "image, music") == ("ready",)
    assert row(report, "Backends", "half", "speech") == ("not ready: install mediasmith[voice]",)
    assert report.ready == ["half"]
    assert report.healthy


@pytest.mark.parametrize("backends", [(), (fake(keys=("FAKE_API_KEY",)),)])
async def test_where_nothing_is_ready_it_is_not_well(
    install: Install, env: Mapping[str, str], backends: tuple[Backend[Any], ...]
) -> None:
    install(*backends)
    report = await examine(env)
    assert not report.healthy
    assert report.verdict == "Nothing is ready, see Backends. No problems."


async def test_variables_are_named_and_their_values_kept(install: Install, env: Mapping[str, str]) -> None:
    install(fake(keys=("FAKE_API_KEY", "FAKE_KEY"), env=("FAKE_REGION",)))
    given = {
        "FAKE_API_KEY": KEY,
        "FAKE_KEY": "${FAKE_KEY}",
        "MEDIASMITH_FAKE_BASE_URL": "https://someone:secret-word@proxy.example:8443/v1?token=hidden-too",
    }
    report = await examine({**env, **given})
    assert report.sections["Keys and addresses"] == [
        ("fake", "FAKE_API_KEY", "set"),
        ("fake", "FAKE_KEY", "still reads ${...}: the client did not fill it in"),
        ("fake", "FAKE_REGION", "not set"),
        ("fake", "MEDIASMITH_FAKE_BASE_URL", "set: proxy.example"),
    ]
    assert not any(secret in text(report) for secret in (KEY, KEY[-8:], "secret-word", "hidden-too"))


async def test_a_key_that_got_somewhere_else_is_not_shown_either(install: Install, env: Mapping[str, str]) -> None:
    def tells(access: Access) -> str:
        return f"the key {access.key} is not allowed here"

    install(fake(keys=("FAKE_API_KEY",), missing=tells), torn=f"ValueError: {KEY}")
    given = {"FAKE_API_KEY": KEY, "MEDIASMITH_ORDER": KEY, "MEDIASMITH_TRUSTED_HOSTS": KEY, "MEDIASMITH_PREVIEW": KEY}
    report = await examine({**env, **given})
    assert "[secret]" in text(report)
    assert KEY not in text(report)


@pytest.mark.parametrize(
    ("url", "state"), [("proxy:1", "set: proxy"), ("http://[", "set: not an address"), ("//", "set: no host")]
)
async def test_any_address_can_be_told(env: Mapping[str, str], url: str, state: str) -> None:
    report = await examine({**env, "MEDIASMITH_FAKE_BASE_URL": url})
    assert row(report, "Keys and addresses", "fake", "MEDIASMITH_FAKE_BASE_URL") == (state,)


async def test_every_setting_is_shown_as_it_is_in_effect(env: Mapping[str, str], tmp_path: Path) -> None:
    given = {
        "MEDIASMITH_CONCURRENCY": "4",
        "MEDIASMITH_PREVIEW": "off",
        "MEDIASMITH_TRUSTED_HOSTS": "a.example,b.example",
        "MEDIASMITH_DEFAULTS": '{"image": "fake:fake-1"}',
    }
    report = await examine({**env, **given})
    shown = {name: value for name, value, _ in report.sections["Settings"]}
    assert set(shown) == {variable(field) for field in Settings.model_fields}
    assert shown["MEDIASMITH_OUTPUT_DIR"] == str(tmp_path / "out")
    assert shown["MEDIASMITH_CONCURRENCY"] == "4"
    assert shown["MEDIASMITH_PREVIEW"] == "0"
    assert shown["MEDIASMITH_TRUSTED_HOSTS"] == "a.example, b.example"
    assert shown["MEDIASMITH_DEFAULTS"] == "image: fake:fake-1"
    assert shown["MEDIASMITH_WAIT_SECONDS"] == "40 (default)"
    assert shown["MEDIASMITH_ORDER"] == "not set"
    assert shown["MEDIASMITH_MAX_COST_USD"] == "not set"
    assert report.healthy


async def test_that_a_token_is_set_is_shown_and_nothing_of_it(env: Mapping[str, str]) -> None:
    token = "0123456789-secret-token"
    report = await examine(
        {**env, "MEDIASMITH_HTTP_TOKEN": token, "MEDIASMITH_DEFAULTS": f'{{"image": "fake:{token}"}}'}
    )
    assert row(report, "Settings", "MEDIASMITH_HTTP_TOKEN")[0] == "set"
    assert row(await examine(env), "Settings", "MEDIASMITH_HTTP_TOKEN")[0] == "not set"
    assert not any(part in text(report) for part in (token, token[-8:]))


async def test_settings_that_are_not_used_are_problems(env: Mapping[str, str]) -> None:
    report = await examine({**env, "MEDIASMITH_CONCURRENCY": "lots", "MEDIASMITH_CONCURENCY": "4"})
    assert not report.healthy
    assert [problem.split()[0] for problem in report.problems] == ["MEDIASMITH_CONCURRENCY", "MEDIASMITH_CONCURENCY"]
    assert report.sections["Problems"] == [(problem,) for problem in report.problems]
    assert report.verdict == "Ready: fake. 2 to fix, see Problems."


async def test_settings_that_name_no_backend_are_problems(install: Install, env: Mapping[str, str]) -> None:
    install(fake(aliases=("forger",)))
    named = {"MEDIASMITH_DEFAULTS": '{"image": "fakir:m-1"}', "MEDIASMITH_ORDER": "forger,fake,foe"}
    report = await examine({**env, **named})
    assert report.problems == [
        "MEDIASMITH_DEFAULTS names fakir, which is not among the backends",
        "MEDIASMITH_ORDER names foe, which is not among the backends",
    ]


async def test_a_plug_in_that_is_not_loaded_is_a_problem(install: Install, env: Mapping[str, str]) -> None:
    install(fake(), torn="ImportError: no module (while loading torn:backend of torn)")
    report = await examine(env)
    assert not report.healthy
    assert report.problems == ["torn is not loaded: ImportError: no module (while loading torn:backend of torn)"]


async def test_a_plug_in_whose_own_check_fails_spoils_no_other(install: Install, env: Mapping[str, str]) -> None:
    def fails(_access: Access) -> str:
        raise TypeError

    install(fake("bad", missing=fails), fake("good"))
    report = await examine(env)
    assert report.ready == ["good"]
    assert "TypeError" in row(report, "Backends", "bad", "image")[0]


async def test_it_says_where_files_will_go_and_makes_nothing(env: Mapping[str, str], tmp_path: Path) -> None:
    report = await examine(env)
    (tmp_path / "out").mkdir()
    later = await examine(env)
    out = str(tmp_path / "out")
    assert row(report, "Folders", "new files go to") == (out, "can be written to; made with the first file")
    assert row(later, "Folders", "new files go to") == (out, "can be written to")
    assert inside(tmp_path) == [tmp_path / "out"]


async def test_folders_that_files_may_be_in_are_listed(env: Mapping[str, str], tmp_path: Path) -> None:
    report = await examine({**env, "MEDIASMITH_ALLOWED_DIRS": str(tmp_path / "more")})
    assert ("files may be in", str(tmp_path / "more"), "") in report.sections["Folders"]


@pytest.mark.parametrize("setting", ["MEDIASMITH_OUTPUT_DIR", "MEDIASMITH_DATA_DIR"])
async def test_a_folder_that_cannot_be_written_to_is_a_problem(
    env: Mapping[str, str], tmp_path: Path, setting: str
) -> None:
    (tmp_path / "file").write_text("in the way")
    report = await examine({**env, setting: str(tmp_path / "file" / "inside")})
    assert not report.healthy
    assert f"No file can be made in {tmp_path}/file/inside: part of the path is not a folder" in report.problems[0]


async def test_a_disk_without_room_is_a_problem(env: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage(NamedTuple):
        free: int = 3_000_000

    def usage(_path: object) -> Usage:
        return Usage()

    monkeypatch.setattr(shutil, "disk_usage", usage)
    report = await examine(env)
    assert not report.healthy
    assert report.problems[0].startswith("Only 3 MB are free in ")


async def test_a_damaged_library_is_a_problem_and_left_as_it_is(env: Mapping[str, str], tmp_path: Path) -> None:
    library = tmp_path / "data" / "library.sqlite3"
    library.parent.mkdir()
    library.write_bytes(b"not a library" * 100)
    report = await examine(env)
    assert not report.healthy
    assert report.problems[0].startswith(f"The library {library} is damaged or is not a library.")
    assert row(report, "Library", str(library)) == ("cannot be used, see Problems",)
    assert library.read_bytes() == b"not a library" * 100


async def test_a_backend_is_never_connected_to(install: Install, env: Mapping[str, str]) -> None:
    @asynccontextmanager
    async def connect(_access: Access) -> AsyncGenerator[None]:
        pytest.fail("the doctor signed in")
        yield None

    async def voices(_client: None) -> list[str]:
        pytest.fail("the doctor asked a provider")

    install(fake(keys=("FAKE_API_KEY",), connect=connect, choices={"seed": voices}))
    assert (await examine({**env, "FAKE_API_KEY": KEY})).healthy


@pytest.mark.skipif(sys.platform == "win32", reason="a working directory cannot be removed there")
async def test_it_works_when_everything_is_broken(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "data" / "library.sqlite3"
    library.mkdir(parents=True)
    (tmp_path / "file").write_text("in the way")
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    install(torn="SystemExit: 1")
    report = await examine(
        {
            "MEDIASMITH_DATA_DIR": str(tmp_path / "data"),
            "MEDIASMITH_OUTPUT_DIR": str(tmp_path / "file"),
            "MEDIASMITH_DEFAULTS": "{",
            "MEDIASMITH_ORDER": "nobody",
            "MEDIASMITH_WAIT_SECONDS": "${WAIT}",
        }
    )
    assert not report.healthy
    assert len(report.problems) == 6
    assert report.verdict == "Nothing is ready, see Backends. 6 to fix, see Problems."
