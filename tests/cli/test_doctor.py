"""The doctor: it finds what is wrong even when everything is, sends nothing, and never shows a key."""

from __future__ import annotations

import shutil
import sys
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import anyio
import pytest
from pydantic import BaseModel

from fakes.backends import capability, fake
from fakes.virtual_clock import VirtualClock
from mediasmith.cli.doctor import Report, examine
from mediasmith.cli.provider_checks import ask_providers
from mediasmith.config.installation import Installation
from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings, variable
from mediasmith.plugin.access import Access
from mediasmith.plugin.contract import Backend, ConfiguredModels
from mediasmith.plugin.errors import Misconfigured, MissingKey, TimedOut

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


async def test_a_healthy_installation_has_no_problems(env: Mapping[str, str]) -> None:
    report = await examine(env)
    assert report.healthy
    assert report.problems == []
    assert report.sections["Problems"] == []
    assert report.verdict == "Ready: fake. No problems."


async def test_the_versions_of_packages_are_listed(env: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    report = await examine(env)
    assert row(report, "Versions", "Python")[0].startswith(f"{sys.version_info.major}.{sys.version_info.minor}.")
    assert all(row(report, "Versions", package)[0][0].isdigit() for package in ("mediasmith", "mcp"))
    monkeypatch.setattr("sys.path", [])
    assert row(await examine(env), "Versions", "mcp") == ("not installed",)


async def test_each_backend_is_ready_or_says_what_to_fix(install: Install, env: Mapping[str, str]) -> None:
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
async def test_without_a_backend_that_is_ready_the_installation_is_not_healthy(
    install: Install, env: Mapping[str, str], backends: tuple[Backend[Any], ...]
) -> None:
    install(*backends)
    report = await examine(env)
    assert not report.healthy
    assert report.verdict == "No backend is ready: see Backends. No problems."


async def test_variables_are_listed_without_their_values(install: Install, env: Mapping[str, str]) -> None:
    install(fake(keys=("FAKE_API_KEY", "FAKE_KEY", "FAKE_TOKEN"), env=("FAKE_REGION",)))
    given = {
        "FAKE_API_KEY": KEY,
        "FAKE_KEY": "${FAKE_KEY}",
        "FAKE_TOKEN": f"'Bearer {KEY}'",
        "MEDIASMITH_FAKE_BASE_URL": "https://someone:secret-word@proxy.example:8443/v1?token=hidden-too",
    }
    report = await examine({**env, **given})
    assert report.sections["Keys and addresses"] == [
        ("fake", "FAKE_API_KEY", "set"),
        ("fake", "FAKE_KEY", "still contains ${...}, which the client did not replace"),
        ("fake", "FAKE_TOKEN", 'set; read without the quotes around it and the word "Bearer"'),
        ("fake", "FAKE_REGION", "not set"),
        ("fake", "MEDIASMITH_FAKE_BASE_URL", "set: proxy.example:8443"),
    ]
    assert not any(secret in text(report) for secret in (KEY, KEY[-8:], "secret-word", "hidden-too"))


async def test_a_key_is_not_shown_wherever_it_appears(install: Install, env: Mapping[str, str]) -> None:
    def tells(access: Access) -> str:
        return f"the key {access.key} is not allowed here"

    install(fake(keys=("FAKE_API_KEY",), missing=tells), torn=f"ValueError: {KEY}")
    given = {"FAKE_API_KEY": KEY, "MEDIASMITH_ORDER": KEY, "MEDIASMITH_TRUSTED_HOSTS": KEY, "MEDIASMITH_PREVIEW": KEY}
    report = await examine({**env, **given})
    assert "[secret]" in text(report)
    assert KEY not in text(report)


@pytest.mark.parametrize(
    ("url", "state"), [("proxy:1", "set: proxy:1"), ("http://[", "set: not a URL"), ("//", "set: no host")]
)
async def test_only_the_host_and_port_of_a_base_url_are_shown(env: Mapping[str, str], url: str, state: str) -> None:
    report = await examine({**env, "MEDIASMITH_FAKE_BASE_URL": url})
    assert row(report, "Keys and addresses", "fake", "MEDIASMITH_FAKE_BASE_URL") == (state,)


class EngineSettings(BaseModel):
    image_models: str = ""
    steps: int = 20


async def test_an_engine_of_ones_own_is_shown_with_its_settings_and_without_asking_for_a_key(
    install: Install, env: Mapping[str, str]
) -> None:
    def models(_access: Access) -> ConfiguredModels:
        return ConfiguredModels(models={}, problems=["the model flux cannot be read"])

    keyless = fake("engine", keys=("ENGINE_API_KEY",))
    local = "http://127.0.0.1:8188/api"
    install(replace(keyless, key_optional=True, settings=EngineSettings, models=models, local_url=local))
    report = await examine({**env, "MEDIASMITH_ENGINE_IMAGE_MODELS": "flux,sdxl"})
    assert report.sections["Keys and addresses"] == [
        ("engine", "ENGINE_API_KEY", "not set; optional"),
        ("engine", "MEDIASMITH_ENGINE_BASE_URL", "not set: 127.0.0.1:8188"),
        ("engine", "MEDIASMITH_ENGINE_IMAGE_MODELS", "set: flux,sdxl"),
    ]
    assert row(report, "Backends", "engine", "image") == ("ready",)
    assert report.problems == ["engine: the model flux cannot be read"]


async def test_an_engine_that_is_not_set_up_is_not_asked(install: Install, env: Mapping[str, str]) -> None:
    async def unasked(_client: None) -> str:
        pytest.fail("an engine without an address was asked")

    nowhere = capability(missing=lambda _access: "set MEDIASMITH_ENGINE_BASE_URL")
    engine = fake("engine", keys=("ENGINE_API_KEY",), check=unasked, capabilities=(nowhere,))
    install(replace(engine, key_optional=True), fake())
    report = await examine(env, check=True)
    assert row(report, "Backends", "engine") == ("image", "not ready: set MEDIASMITH_ENGINE_BASE_URL")
    assert (report.sections["Providers"], report.problems) == ([], [])


async def test_every_setting_is_listed_with_its_value(env: Mapping[str, str], tmp_path: Path) -> None:
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


async def test_a_token_is_listed_as_set_without_its_value(env: Mapping[str, str]) -> None:
    token = "0123456789-secret-token"
    report = await examine(
        {**env, "MEDIASMITH_HTTP_TOKEN": token, "MEDIASMITH_DEFAULTS": f'{{"image": "fake:{token}"}}'}
    )
    assert row(report, "Settings", "MEDIASMITH_HTTP_TOKEN")[0] == "set"
    assert row(await examine(env), "Settings", "MEDIASMITH_HTTP_TOKEN")[0] == "not set"
    assert not any(part in text(report) for part in (token, token[-8:]))


async def test_invalid_settings_are_problems(env: Mapping[str, str]) -> None:
    report = await examine({**env, "MEDIASMITH_CONCURRENCY": "lots", "MEDIASMITH_CONCURENCY": "4"})
    assert not report.healthy
    assert [problem.split()[0] for problem in report.problems] == ["MEDIASMITH_CONCURRENCY", "MEDIASMITH_CONCURENCY"]
    assert report.sections["Problems"] == [(problem,) for problem in report.problems]
    assert report.verdict == "Ready: fake. 2 to fix: see Problems."


async def test_settings_that_name_unknown_backends_are_problems(install: Install, env: Mapping[str, str]) -> None:
    install(fake(aliases=("forger",)))
    named = {"MEDIASMITH_DEFAULTS": '{"image": "fakir:m-1"}', "MEDIASMITH_ORDER": "forger,fake,zebra"}
    report = await examine({**env, **named})
    assert report.problems == [
        "MEDIASMITH_DEFAULTS names fakir, which is not an installed backend; did you mean fake?",
        "MEDIASMITH_ORDER names zebra, which is not an installed backend",
    ]


async def test_a_plug_in_that_could_not_be_loaded_is_a_problem(install: Install, env: Mapping[str, str]) -> None:
    install(fake(), torn="ImportError: no module (while loading torn:backend of torn)")
    report = await examine(env)
    assert not report.healthy
    assert report.problems == ["torn could not be loaded: ImportError: no module (while loading torn:backend of torn)"]


async def test_a_plug_in_whose_check_fails_does_not_affect_others(install: Install, env: Mapping[str, str]) -> None:
    def fails(_access: Access) -> str:
        raise TypeError

    install(fake("bad", missing=fails), fake("good"))
    report = await examine(env)
    assert report.ready == ["good"]
    assert "TypeError" in row(report, "Backends", "bad", "image")[0]


async def test_the_output_folder_is_listed_and_not_created(env: Mapping[str, str], tmp_path: Path) -> None:
    report = await examine(env)
    (tmp_path / "out").mkdir()
    later = await examine(env)
    out = str(tmp_path / "out")
    assert row(report, "Folders", "output") == (out, "writable; will be created with the first file")
    assert row(later, "Folders", "output") == (out, "writable")
    assert inside(tmp_path) == [tmp_path / "out"]


async def test_allowed_folders_are_listed(env: Mapping[str, str], tmp_path: Path) -> None:
    report = await examine({**env, "MEDIASMITH_ALLOWED_DIRS": str(tmp_path / "more")})
    assert ("allowed", str(tmp_path / "more"), "") in report.sections["Folders"]


@pytest.mark.parametrize("setting", ["MEDIASMITH_OUTPUT_DIR", "MEDIASMITH_DATA_DIR"])
async def test_a_folder_that_is_not_writable_is_a_problem(env: Mapping[str, str], tmp_path: Path, setting: str) -> None:
    (tmp_path / "file").write_text("in the way")
    report = await examine({**env, setting: str(tmp_path / "file" / "inside")})
    assert not report.healthy
    assert f"Files cannot be created in {tmp_path}/file/inside: part of the path is not a folder" in report.problems[0]


async def test_a_full_disk_is_a_problem(env: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage(NamedTuple):
        free: int = 3_000_000

    def usage(_path: object) -> Usage:
        return Usage()

    monkeypatch.setattr(shutil, "disk_usage", usage)
    report = await examine(env)
    assert not report.healthy
    assert report.problems[0].startswith("Only 3 MB are free in ")


async def test_a_damaged_library_is_a_problem_and_is_not_changed(env: Mapping[str, str], tmp_path: Path) -> None:
    library = tmp_path / "data" / "library.sqlite3"
    library.parent.mkdir()
    library.write_bytes(b"not a library" * 100)
    report = await examine(env)
    assert not report.healthy
    assert report.problems[0].startswith(f"The library {library} is damaged or is not a library.")
    assert row(report, "Library", str(library)) == ("cannot be used: see Problems",)
    assert library.read_bytes() == b"not a library" * 100


async def test_no_backend_is_connected_to(install: Install, env: Mapping[str, str]) -> None:
    @asynccontextmanager
    async def connect(_access: Access) -> AsyncGenerator[None]:
        pytest.fail("the doctor signed in")
        yield None

    async def voices(_client: None) -> list[str]:
        pytest.fail("the doctor asked a provider")

    async def check(_client: None) -> str:
        pytest.fail("the doctor asked a provider")

    install(fake(keys=("FAKE_API_KEY",), connect=connect, choices={"seed": voices}, check=check))
    assert (await examine({**env, "FAKE_API_KEY": KEY})).healthy


async def test_the_network_is_shown_without_passwords(env: Mapping[str, str]) -> None:
    proxies = {"HTTPS_PROXY": "http://ann:secret-word@proxy.example:1", "ALL_PROXY": "socks5h://[::1]:1080"}
    report = await examine({**env, **proxies, "no_proxy": "10.0.0.0/8,.lan", "MEDIASMITH_TRUSTED_HOSTS": "secret-word"})
    assert report.sections["Network"] == [
        ("HTTPS_PROXY", "http://proxy.example:1"),
        ("ALL_PROXY", "socks5h://[::1]:1080"),
        ("no_proxy", "10.0.0.0/8,.lan"),
        ("certificates", "those of the system"),
    ]
    assert report.healthy
    assert "secret-word" not in text(report)


async def test_what_cannot_work_in_the_network_is_a_problem(env: Mapping[str, str]) -> None:
    wrong = {
        "HTTPS_PROXY": "socks4://ann:secret-word@proxy.example",
        "SSL_CERT_FILE": "/nonexistent/cacert.pem",
        "MEDIASMITH_FAKE_BASE_URL": "http://gateway:port",
    }
    report = await examine({**env, **wrong})
    assert [problem.split()[0] for problem in report.problems] == [
        "MEDIASMITH_FAKE_BASE_URL",
        "HTTPS_PROXY",
        "SSL_CERT_FILE",
    ]
    assert "/nonexistent/cacert.pem" in report.problems[2]
    assert "secret-word" not in text(report)


async def test_a_backend_that_the_proxies_cannot_lead_to_is_a_problem(install: Install, env: Mapping[str, str]) -> None:
    def check_network(access: Access) -> None:
        if access.network.proxy_for("https://far.example"):
            raise Misconfigured("No proxy leads there.", "Unset HTTPS_PROXY.", variables=["HTTPS_PROXY"])

    far = replace(fake("far", keys=("FAR_KEY",)), check_network=check_network)
    install(far, fake("near"), replace(far, name="unsigned", keys=("UNSIGNED_KEY",)))
    env = {**env, "FAR_KEY": KEY, "HTTPS_PROXY": "socks5://proxy.example"}
    assert (await examine(env)).problems == ["far: No proxy leads there. Unset HTTPS_PROXY"]
    assert (await examine({**env, "NO_PROXY": "far.example"})).problems == []
    (problem,) = (await examine({**env, "HTTPS_PROXY": "socks4://proxy.example"})).problems
    assert problem.startswith("HTTPS_PROXY names a socks4 proxy")


async def test_a_backend_that_fails_to_check_the_network_is_named(install: Install, env: Mapping[str, str]) -> None:
    def check_network(_access: Access) -> None:
        raise ValueError("broken")

    install(replace(fake("far"), check_network=check_network))
    assert (await examine(env)).problems == ["far: cannot be checked: ValueError('broken')"]


async def test_what_a_check_finds_again_is_one_problem(install: Install, env: Mapping[str, str]) -> None:
    def check_network(_access: Access) -> None:
        raise Misconfigured("No proxy leads there.", variables=["HTTPS_PROXY"])

    async def check(_client: None) -> str:
        raise Misconfigured("No proxy leads there.", variables=["HTTPS_PROXY"])

    install(replace(fake("far", check=check), check_network=check_network))
    assert len((await examine(env, check=True)).problems) == 1


async def test_a_check_asks_every_provider_that_is_signed_in(install: Install, env: Mapping[str, str]) -> None:
    async def says(_client: None) -> str:
        return "1,200 of 10,000 credits are used"

    async def refuses(_client: None) -> str:
        raise MissingKey("Bad", ["BAD_KEY"], rejected=True)

    async def breaks(_client: None) -> str:
        raise ValueError(KEY)

    async def unasked(_client: None) -> str:
        pytest.fail("a provider without its key was asked")

    install(
        fake("good", keys=("FAKE_API_KEY",), check=says),
        fake("bad", check=refuses),
        fake("broken", check=breaks),
        fake("unready", keys=("NOT_SET",), check=unasked),
        replace(fake("engine", keys=("NOT_SET",), check=says), key_optional=True),
        fake("keyless", check=says),
        fake("local"),
    )
    report = await examine({**env, "FAKE_API_KEY": KEY}, check=True)
    assert report.sections["Providers"] == [
        ("good", "accepts the key: 1,200 of 10,000 credits are used"),
        ("bad", "Bad does not accept its key."),
        ("broken", "Broken failed in a way that its backend does not know (ValueError)."),
        ("engine", "answers: 1,200 of 10,000 credits are used"),
        ("keyless", "answers: 1,200 of 10,000 credits are used"),
    ]
    assert report.problems[0] == "bad: Bad does not accept its key. Correct BAD_KEY and restart the server"
    assert len(report.problems) == 2
    assert KEY not in text(report)
    assert "Providers" not in (await examine({**env, "FAKE_API_KEY": KEY})).sections


async def test_a_provider_that_does_not_answer_does_not_hold_the_report_up() -> None:
    async def hangs(_client: None) -> str:
        await anyio.sleep_forever()
        return ""

    backend, clock = fake("slow", check=hangs), VirtualClock()
    installation = Installation(settings=Settings(), registry=Registry(backends={"slow": backend}, broken={}), env={})
    async with clock.autojump():
        answer = (await ask_providers(installation, clock))["slow"]
    assert isinstance(answer, TimedOut)


@pytest.mark.skipif(sys.platform == "win32", reason="a working directory cannot be removed there")
async def test_a_completely_broken_installation_still_gives_a_report(
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
    assert report.verdict == "No backend is ready: see Backends. 6 to fix: see Problems."
