"""Settings and access: a wrong value never stops the server, and no secret is ever repeated."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from mediasmith.config.base_urls import base_url_variable
from mediasmith.config.credentials import read_access
from mediasmith.config.settings import PREFIX, Settings, accepted, unexpanded, unknown_settings, variable
from mediasmith.plugin.contract import Backend
from mediasmith.plugin.errors import MissingKey

SECRET = "0123456789abcdef-0123456789abcdef"
VARIABLES = [variable(field) for field in Settings.model_fields]


def a_backend(*, keys: tuple[str, ...] = (), switches: tuple[str, ...] = (), env: tuple[str, ...] = ()) -> Backend[Any]:
    return Backend(
        name="acme",
        title="Acme",
        docs="",
        capabilities=(),
        connect=lambda _access: nullcontext(),
        keys=keys,
        switches=switches,
        env=env,
    )


def test_an_empty_environment_gives_the_defaults_and_no_problems() -> None:
    settings, problems = Settings.load({"PATH": "/bin", "OPENAI_API_KEY": "sk-1"})
    assert problems == ()
    assert settings == Settings()
    assert (settings.wait_seconds, settings.concurrency, settings.retention_days) == (40, 32, 90)
    assert (settings.preview, settings.links, settings.unpriced) == (True, True, "refuse")
    assert (settings.output_dir, settings.max_cost_usd, settings.deadline_seconds) == (None, None, None)
    assert settings.data_dir.is_absolute()


def test_every_setting_is_read_from_its_variable(tmp_path: Path) -> None:
    settings, problems = Settings.load(
        {
            "MEDIASMITH_OUTPUT_DIR": f"{tmp_path}/out",
            "MEDIASMITH_DATA_DIR": f"{tmp_path}/data",
            "MEDIASMITH_ALLOWED_DIRS": os.pathsep.join([f"{tmp_path}/a", "", f"{tmp_path}/b"]),
            "MEDIASMITH_TRUSTED_HOSTS": "CDN.example.com, 10.0.0.7;fd00::1",
            "MEDIASMITH_BACKENDS": "OpenAI google,",
            "MEDIASMITH_DEFAULTS": '{"image": "openai:gpt-image-2.6-flare", "video": "google"}',
            "MEDIASMITH_ORDER": "'google', 'openai'",
            "MEDIASMITH_PREVIEW": "0",
            "MEDIASMITH_LINKS": "off",
            "MEDIASMITH_VIEW": "0",
            "MEDIASMITH_WAIT_SECONDS": "0",
            "MEDIASMITH_CONCURRENCY": " 8 ",
            "MEDIASMITH_DEADLINE_SECONDS": "1.5",
            "MEDIASMITH_MAX_INPUT_BYTES": "1",
            "MEDIASMITH_MAX_OUTPUT_BYTES": "2",
            "MEDIASMITH_MAX_PIXELS": "3",
            "MEDIASMITH_MAX_COST_USD": "0",
            "MEDIASMITH_DAILY_BUDGET_USD": "12.50",
            "MEDIASMITH_UNPRICED": "Allow",
            "MEDIASMITH_RETENTION_DAYS": "1",
            "MEDIASMITH_HTTP_TOKEN": " 0123456789abcdef ",
            "MEDIASMITH_HTTP_URL": "HTTPS://Media.Example.org:8443/studio/",
            "MEDIASMITH_DATABASE_URL": "postgresql://me:pw@db-1,db-2:5433/media?sslmode=require",
            "MEDIASMITH_STORE_URL": "s3://media.files/team/a/",
            "MEDIASMITH_STORE_PUBLIC_URL": "https://files.example.org/",
            "MEDIASMITH_SECRET": f"{SECRET}, {SECRET[::-1]}",
            "MEDIASMITH_DRAIN_SECONDS": "0",
        }
    )
    assert problems == ()
    assert settings == Settings(
        output_dir=tmp_path / "out",
        data_dir=tmp_path / "data",
        allowed_dirs=(tmp_path / "a", tmp_path / "b"),
        trusted_hosts=("cdn.example.com", "10.0.0.7", "fd00::1"),
        backends=("openai", "google"),
        defaults={"image": "openai:gpt-image-2.6-flare", "video": "google"},
        order=("google", "openai"),
        preview=False,
        links=False,
        view=False,
        wait_seconds=0,
        concurrency=8,
        deadline_seconds=1.5,
        max_input_bytes=1,
        max_output_bytes=2,
        max_pixels=3,
        max_cost_usd=0,
        daily_budget_usd=12.5,
        unpriced="allow",
        retention_days=1,
        http_token=SecretStr("0123456789abcdef"),
        http_url="https://media.example.org:8443/studio",
        database_url=SecretStr("postgresql://me:pw@db-1,db-2:5433/media?sslmode=require"),
        store_url="s3://media.files/team/a",
        store_public_url="https://files.example.org",
        secret=(SecretStr(SECRET), SecretStr(SECRET[::-1])),
        drain_seconds=0,
    )
    assert settings.model_fields_set == set(Settings.model_fields), "a setting is missing from this test"


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("CONCURRENCY", "many", "is 'many', but must be a whole number from 1 to 256; using 32"),
        ("CONCURRENCY", "0", "is '0', but must be a whole number from 1 to 256; using 32"),
        ("WAIT_SECONDS", "601", "is '601', but must be a whole number from 0 to 600; using 40"),
        ("WAIT_SECONDS", "1.5", "is '1.5', but must be a whole number from 0 to 600; using 40"),
        ("PREVIEW", "maybe", "is 'maybe', but must be 1 or 0; using 1"),
        ("UNPRICED", "warn", "is 'warn', but must be 'refuse' or 'allow'; using refuse"),
        ("DEADLINE_SECONDS", "0", "is '0', but must be a number above 0; it counts as not set"),
        ("DEADLINE_SECONDS", "inf", "is 'inf', but must be a number above 0; it counts as not set"),
        ("DEADLINE_SECONDS", "nan", "is 'nan', but must be a number above 0; it counts as not set"),
        (
            "TRUSTED_HOSTS",
            "http://a",
            "is 'http://a', but must be host names separated by commas; it counts as not set",
        ),
    ],
)
def test_an_invalid_value_is_replaced_by_its_default_and_reported(name: str, text: str, problem: str) -> None:
    settings, problems = Settings.load({f"MEDIASMITH_{name}": text, "MEDIASMITH_RETENTION_DAYS": "7"})
    assert settings == Settings(retention_days=7)
    assert problems == (f"MEDIASMITH_{name} {problem}",)


@pytest.mark.parametrize(
    "text", ["{", "[]", '"openai"', '{"image": 1}', '{"image": ["openai"]}', '{"image": "open ai"}', "[" * 9999]
)
def test_defaults_that_do_not_map_kinds_to_backends_are_reported(text: str) -> None:
    settings, problems = Settings.load({"MEDIASMITH_DEFAULTS": text})
    assert settings.defaults == {}
    assert len(problems) == 1
    assert "a JSON object such as" in problems[0]


def test_defaults_are_read_in_any_case_and_blank_ones_count_as_not_set() -> None:
    text = '{"Image": " OpenAI:GPT-Image-2 ", "video": "", "speech": null}'
    assert Settings.load({"MEDIASMITH_DEFAULTS": text}) == (Settings(defaults={"image": "openai:GPT-Image-2"}), ())


@pytest.mark.parametrize("name", ["MAX_COST_USD", "DAILY_BUDGET_USD"])
@pytest.mark.parametrize("text", ["-1", "5 USD", "nan", "inf", "1,50"])
def test_an_invalid_cost_limit_allows_only_what_costs_nothing(name: str, text: str) -> None:
    settings, problems = Settings.load({f"MEDIASMITH_{name}": text})
    assert settings == Settings().model_copy(update={name.lower(): 0.0})
    until = "until it is fixed, only calls that cost nothing are allowed"
    assert problems == (f"MEDIASMITH_{name} is '{text}', but must be a number of 0 or more; {until}",)


@pytest.mark.parametrize(
    "text", ["", "0123456789abcde", "0123456789 abcdef", "0123456789\tabcdef", "0123456789abcdé", "${TOKEN}-0123456789"]
)
def test_an_invalid_token_is_reported_but_not_shown(text: str) -> None:
    settings, problems = Settings.load({"MEDIASMITH_HTTP_TOKEN": text})
    assert settings == Settings()
    assert len(problems) == (1 if text else 0)
    for problem in problems:
        assert problem.startswith("MEDIASMITH_HTTP_TOKEN ")
        assert problem.endswith("; until it is fixed, nothing is served over HTTP")
        assert text not in problem


@pytest.mark.parametrize(
    "text",
    [
        *("media.example.org", "ftp://media.example.org", "https://", "https:///x", "https://a b", "https://a:b"),
        *("https://a:99999", "https://[::1", "https://me:secret@a", "https://a/?x=1", "https://a/#x", "https://a/mcp"),
        "https://a/mcp/",
    ],
)
def test_an_invalid_url_is_reported(text: str) -> None:
    settings, problems = Settings.load({"MEDIASMITH_HTTP_URL": text})
    assert settings.http_url is None
    [problem] = problems
    assert problem.startswith("MEDIASMITH_HTTP_URL is not valid: it must be a URL without /mcp, such as ")
    assert problem.endswith("; until it is fixed, nothing is served over HTTP")


@pytest.mark.parametrize(
    ("text", "url"),
    [("http://[::1]:8765/", "http://[::1]:8765"), ("https://10.0.0.7", "https://10.0.0.7"), ("http://b_1/a/", None)],
)
def test_a_url_is_normalized(text: str, url: str | None) -> None:
    assert Settings(http_url=text).http_url == (url or text.rstrip("/"))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("DATABASE_URL", text) for text in ("mysql://secret@a/b", "secret@a/b", "postgres://secret b")),
        *(("STORE_URL", text) for text in ("https://secret/a", "s3://se", "s3://Secret", "s3://secret/a?b")),
        *(("STORE_PUBLIC_URL", text) for text in ("s3://secret", "https://me:secret@a", "secret")),
        *(("SECRET", text) for text in (SECRET[:31], f"{SECRET},{SECRET[:31]}", f"{SECRET} {SECRET}", "${SECRET}")),
    ],
)
def test_an_invalid_setting_of_a_fleet_is_reported_but_not_shown(name: str, text: str) -> None:
    settings, [problem] = Settings.load({f"MEDIASMITH_{name}": text})
    assert settings == Settings()
    assert problem.startswith(f"MEDIASMITH_{name} ")
    assert problem.endswith("; until it is fixed, every call fails")
    assert text not in problem


def test_the_secrets_of_a_fleet_are_never_shown() -> None:
    settings = Settings(database_url=SecretStr("postgresql://me:hidden@a/b"), secret=(SecretStr(SECRET),))
    shown = f"{settings} {settings!r} {settings.model_dump()} {settings.model_dump_json()}"
    assert not [secret for secret in ("hidden", SECRET) if secret in shown]


def test_a_token_is_never_shown() -> None:
    token = "0123456789-secret-token"
    settings = Settings(http_token=SecretStr(token))
    assert token not in f"{settings} {settings!r} {settings.model_dump()} {settings.model_dump_json()}"
    given: dict[str, Any] = {"http_token": "short-secret"}
    with pytest.raises(ValidationError) as caught:
        Settings(**given)
    assert "short-secret" not in f"{caught.value} {caught.value!r}"


def test_each_invalid_value_is_reported_once_sorted_by_name() -> None:
    _, problems = Settings.load(
        {"MEDIASMITH_WAIT_SECONDS": "x", "MEDIASMITH_CONCURRENCY": "y", "MEDIASMITH_TRUSTED_HOSTS": "http://a"}
    )
    assert [problem.split()[0] for problem in problems] == [
        "MEDIASMITH_CONCURRENCY",
        "MEDIASMITH_TRUSTED_HOSTS",
        "MEDIASMITH_WAIT_SECONDS",
    ]


def test_a_template_that_the_client_did_not_replace_counts_as_not_set_and_is_reported() -> None:
    settings, problems = Settings.load(
        {"MEDIASMITH_OUTPUT_DIR": "${HOME}/media", "MEDIASMITH_ACME_BASE_URL": "${user_config.url}"}
    )
    assert settings == Settings()
    assert problems == (
        "MEDIASMITH_ACME_BASE_URL still contains ${...}, which the client did not replace; it counts as not set",
        "MEDIASMITH_OUTPUT_DIR still contains ${...}, which the client did not replace; it counts as not set",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${A}", True),
        ("x${env:A}y", True),
        ("${}", True),
        ("$A", True),
        ("%A%", True),
        *((text, False) for text in ("{A}", "", "${A", "$A/b", "$1")),
    ],
)
def test_only_a_complete_template_is_unexpanded(text: str, *, expected: bool) -> None:
    assert unexpanded(text) is expected


def test_an_empty_value_counts_as_not_set_and_is_not_reported() -> None:
    assert Settings.load({"MEDIASMITH_CONCURRENCY": " ", "MEDIASMITH_OUTPUT_DIR": ""}) == (Settings(), ())


def test_every_problem_can_be_printed() -> None:
    env = {"MEDIASMITH_\udcff": "1", "MEDIASMITH_CONCURRENCY": "\udcff"}
    problems = (*Settings.load(env)[1], *unknown_settings(env))
    assert len(problems) == 2
    assert all(problem.isascii() for problem in problems)


def test_an_unknown_variable_is_reported_with_the_closest_setting() -> None:
    problems = unknown_settings({"MEDIASMITH_CONCURENCY": "3", "MEDIASMITH_ZZZZ": "3", "MEDIASMITH_ORDER": "a"})
    assert problems == (
        "MEDIASMITH_CONCURENCY is not a setting; did you mean MEDIASMITH_CONCURRENCY?",
        "MEDIASMITH_ZZZZ is not a setting; it is ignored",
    )


def test_a_base_url_of_any_backend_is_known() -> None:
    assert unknown_settings({"MEDIASMITH_OPENAI_BASE_URL": "http://127.0.0.1:9"}) == ()


def test_problems_do_not_repeat_values_that_could_be_secrets() -> None:
    secret = "sk-proj-0123456789abcdef"
    env = {variable(field): f"{secret} {{" for field in Settings.model_fields} | {"MEDIASMITH_OPENAI_API_KEY": secret}
    settings, problems = Settings.load(env)
    assert len(problems) >= 10
    assert not any("sk-proj" in problem for problem in problems)
    assert settings.concurrency == 32


@given(st.dictionaries(st.sampled_from(VARIABLES), st.text(st.characters(exclude_categories=()))))
@example(dict.fromkeys(VARIABLES, "\udcff"))
@example(dict.fromkeys(VARIABLES, "\0"))
def test_no_environment_makes_loading_fail(env: dict[str, str]) -> None:
    settings, problems = Settings.load(env)
    assert isinstance(settings, Settings)
    assert len(problems) <= len(env)


def test_relative_folders_and_tildes_are_resolved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    settings, problems = Settings.load({"MEDIASMITH_OUTPUT_DIR": "~/out", "MEDIASMITH_ALLOWED_DIRS": "in"})
    assert (settings.output_dir, settings.allowed_dirs, problems) == (tmp_path / "out", (tmp_path / "in",), ())


def test_settings_load_in_a_working_folder_that_was_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    settings, problems = Settings.load({"MEDIASMITH_OUTPUT_DIR": "out"})
    assert settings.output_dir is None
    assert problems == ("MEDIASMITH_OUTPUT_DIR is 'out', but must be a folder; it counts as not set",)


def test_settings_load_for_an_account_without_a_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def no_home(_app: str, **_options: object) -> Path:
        return Path("~no-such-user/mediasmith")

    monkeypatch.setattr("platformdirs.user_data_path", no_home)
    settings, problems = Settings.load({"MEDIASMITH_OUTPUT_DIR": "~no-such-user/x"})
    assert settings.data_dir.is_absolute()
    assert "~" not in settings.data_dir.parts
    assert [problem.split()[0] for problem in problems] == ["MEDIASMITH_OUTPUT_DIR", "MEDIASMITH_DATA_DIR"]


def test_settings_made_in_code_do_not_read_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIASMITH_CONCURRENCY", "7")
    monkeypatch.setenv("MEDIASMITH_PREVIEW", "not a switch")
    assert Settings().concurrency == 32
    assert Settings.load()[0].concurrency == 7


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Settings().concurrency = 1


def test_every_setting_has_a_description_and_says_what_it_accepts() -> None:
    for field, info in Settings.model_fields.items():
        assert info.description, field
        assert accepted(field), field
        assert variable(field) == PREFIX + field.upper()


def test_access_has_the_first_key_that_is_set() -> None:
    backend = a_backend(keys=("A_KEY", "B_KEY", "C_KEY"))
    assert read_access(backend, {"A_KEY": " ", "B_KEY": " second\n", "C_KEY": "third"}).key == "second"
    assert read_access(backend, {"A_KEY": "${A_KEY}", "C_KEY": "third"}).key == "third"


def test_access_has_only_the_declared_variables() -> None:
    backend = a_backend(keys=("A_KEY",), env=("A_ORG", "A_REGION", "A_PROJECT"))
    found = read_access(backend, {"A_KEY": "k", "A_ORG": "org", "A_REGION": "${REGION}", "A_PROJECT": "", "HOME": "/"})
    assert found.env == {"A_ORG": "org"}


def test_access_has_the_base_url_of_its_backend() -> None:
    env = {"MEDIASMITH_ACME_BASE_URL": "http://127.0.0.1:9/v1", "MEDIASMITH_OTHER_BASE_URL": "http://other"}
    assert base_url_variable("acme") == "MEDIASMITH_ACME_BASE_URL"
    assert read_access(a_backend(), env).base_url == "http://127.0.0.1:9/v1"
    assert read_access(a_backend(), {"MEDIASMITH_ACME_BASE_URL": "${URL}"}).base_url == ""


def test_a_backend_without_keys_needs_none() -> None:
    assert read_access(a_backend(), {}).key == ""


def test_the_error_of_a_missing_key_names_the_variables() -> None:
    with pytest.raises(MissingKey) as caught:
        read_access(a_backend(keys=("A_KEY", "B_KEY")), {"OTHER": "x"})
    assert caught.value.variables == ("A_KEY", "B_KEY")
    assert caught.value.hint == "Set A_KEY or B_KEY and restart the server."


def test_the_error_of_a_missing_key_names_a_template_that_was_not_replaced() -> None:
    with pytest.raises(MissingKey) as caught:
        read_access(a_backend(keys=("A_KEY", "B_KEY")), {"A_KEY": "${user_config.key}"})
    assert caught.value.hint.endswith("A_KEY still contains ${...}, which the client did not replace.")


SWITCHES = ("A_CLOUD", "A_VERTEX")


def test_the_error_of_a_missing_key_names_a_switch_that_is_neither_on_nor_off() -> None:
    backend = a_backend(keys=("A_KEY",), switches=SWITCHES)
    for value, end in (("yes", "A_CLOUD=yes has no effect; use true or 1."), ("false", "the server.")):
        with pytest.raises(MissingKey) as caught:
            read_access(backend, {"A_CLOUD": value})
        assert caught.value.hint.endswith(end)


@pytest.mark.parametrize(
    ("env", "switched"),
    [
        ({"A_CLOUD": "true"}, True),
        ({"A_VERTEX": " TRUE "}, True),
        ({"A_VERTEX": "1"}, True),
        ({"A_KEY": "k", "A_CLOUD": "1"}, True),
        ({"A_KEY": "k", "A_CLOUD": "false", "A_VERTEX": "true"}, False),
        ({"A_KEY": "k", "A_VERTEX": "yes"}, False),
        ({"A_KEY": "k"}, False),
    ],
)
def test_the_first_switch_that_is_set_decides(env: Mapping[str, str], *, switched: bool) -> None:
    found = read_access(a_backend(keys=("A_KEY",), switches=SWITCHES), env)
    assert (found.switched, found.key) == (switched, env.get("A_KEY", ""))


@pytest.mark.parametrize("env", [{"A_CLOUD": "false"}, {"A_VERTEX": "0"}, {"A_CLOUD": "false", "A_VERTEX": "true"}])
def test_a_switch_that_is_off_does_not_replace_a_key(env: Mapping[str, str]) -> None:
    with pytest.raises(MissingKey, match=r"Set A_KEY and restart"):
        read_access(a_backend(keys=("A_KEY",), switches=SWITCHES), env)


def test_access_does_not_show_secrets() -> None:
    backend = a_backend(keys=("A_KEY",), env=("A_TOKEN",))
    found = read_access(backend, {"A_KEY": "sk-secret", "A_TOKEN": "tk-secret"})
    assert "secret" not in f"{found} {found!r}"
