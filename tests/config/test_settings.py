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

from mediasmith.config.credentials import base_url_variable, read_access
from mediasmith.config.settings import PREFIX, Settings, accepted, unexpanded, unknown_settings, variable
from mediasmith.plugin.contract import Backend
from mediasmith.plugin.errors import MissingKey

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


def test_nothing_set_gives_the_defaults_and_no_problems() -> None:
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
            "MEDIASMITH_TRUSTED_HOSTS": "CDN.example.com, 10.0.0.7,fd00::1",
            "MEDIASMITH_BACKENDS": "OpenAI, google,",
            "MEDIASMITH_DEFAULTS": '{"image": "openai:gpt-image-2.6-flare", "video": "google"}',
            "MEDIASMITH_ORDER": "google,openai",
            "MEDIASMITH_PREVIEW": "0",
            "MEDIASMITH_LINKS": "off",
            "MEDIASMITH_WAIT_SECONDS": "0",
            "MEDIASMITH_CONCURRENCY": " 8 ",
            "MEDIASMITH_DEADLINE_SECONDS": "1.5",
            "MEDIASMITH_MAX_INPUT_BYTES": "1",
            "MEDIASMITH_MAX_OUTPUT_BYTES": "2",
            "MEDIASMITH_MAX_PIXELS": "3",
            "MEDIASMITH_MAX_COST_USD": "0",
            "MEDIASMITH_DAILY_BUDGET_USD": "12.50",
            "MEDIASMITH_UNPRICED": "allow",
            "MEDIASMITH_RETENTION_DAYS": "1",
            "MEDIASMITH_HTTP_TOKEN": " 0123456789abcdef ",
            "MEDIASMITH_HTTP_URL": "HTTPS://Media.Example.org:8443/studio/",
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
    )
    assert settings.model_fields_set == set(Settings.model_fields), "a setting is missing from this test"


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("CONCURRENCY", "many", "is 'many': a whole number from 1 to 256 is accepted; using 32"),
        ("CONCURRENCY", "0", "is '0': a whole number from 1 to 256 is accepted; using 32"),
        ("WAIT_SECONDS", "601", "is '601': a whole number from 0 to 600 is accepted; using 40"),
        ("WAIT_SECONDS", "1.5", "is '1.5': a whole number from 0 to 600 is accepted; using 40"),
        ("PREVIEW", "maybe", "is 'maybe': 1 or 0 is accepted; using 1"),
        ("UNPRICED", "warn", "is 'warn': 'refuse' or 'allow' is accepted; using refuse"),
        ("DEADLINE_SECONDS", "0", "is '0': a number above 0 is accepted; it counts as not set"),
        ("DEADLINE_SECONDS", "inf", "is 'inf': a number above 0 is accepted; it counts as not set"),
        ("DEADLINE_SECONDS", "nan", "is 'nan': a number above 0 is accepted; it counts as not set"),
        (
            "TRUSTED_HOSTS",
            "http://a",
            "is 'http://a': host names separated by commas is accepted; it counts as not set",
        ),
    ],
)
def test_an_invalid_value_is_left_at_its_default_and_named(name: str, text: str, problem: str) -> None:
    settings, problems = Settings.load({f"MEDIASMITH_{name}": text, "MEDIASMITH_RETENTION_DAYS": "7"})
    assert settings == Settings(retention_days=7)
    assert problems == (f"MEDIASMITH_{name} {problem}",)


@pytest.mark.parametrize(
    "text", ["{", "[]", '"openai"', '{"imgae": "openai"}', '{"image": 1}', '{"image": ""}', "[" * 9999]
)
def test_defaults_that_are_not_a_choice_per_kind_are_named(text: str) -> None:
    settings, problems = Settings.load({"MEDIASMITH_DEFAULTS": text})
    assert settings.defaults == {}
    assert len(problems) == 1
    assert "a JSON object such as" in problems[0]


@pytest.mark.parametrize("name", ["MAX_COST_USD", "DAILY_BUDGET_USD"])
@pytest.mark.parametrize("text", ["-1", "5 USD", "nan", "inf", "1,50"])
def test_a_limit_that_cannot_be_read_allows_nothing_that_costs(name: str, text: str) -> None:
    settings, problems = Settings.load({f"MEDIASMITH_{name}": text})
    assert settings == Settings().model_copy(update={name.lower(): 0.0})
    until = "until it is fixed, nothing that costs is allowed"
    assert problems == (f"MEDIASMITH_{name} is '{text}': a number from 0 up is accepted; {until}",)


@pytest.mark.parametrize(
    "text", ["", "0123456789abcde", "0123456789 abcdef", "0123456789\tabcdef", "0123456789abcdé", "${TOKEN}-0123456789"]
)
def test_a_token_that_cannot_be_used_is_named_and_never_shown(text: str) -> None:
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
def test_an_address_that_no_client_could_use_is_named(text: str) -> None:
    settings, problems = Settings.load({"MEDIASMITH_HTTP_URL": text})
    assert settings.http_url is None
    [problem] = problems
    assert problem.startswith("MEDIASMITH_HTTP_URL is not accepted as it stands: an address without /mcp, such as ")
    assert problem.endswith(" is accepted; until it is fixed, nothing is served over HTTP")


@pytest.mark.parametrize(
    ("text", "url"),
    [("http://[::1]:8765/", "http://[::1]:8765"), ("https://10.0.0.7", "https://10.0.0.7"), ("http://b_1/a/", None)],
)
def test_an_address_is_kept_in_one_form(text: str, url: str | None) -> None:
    assert Settings(http_url=text).http_url == (url or text.rstrip("/"))


def test_a_token_is_shown_nowhere() -> None:
    token = "0123456789-secret-token"
    settings = Settings(http_token=SecretStr(token))
    assert token not in f"{settings} {settings!r} {settings.model_dump()} {settings.model_dump_json()}"
    given: dict[str, Any] = {"http_token": "short-secret"}
    with pytest.raises(ValidationError) as caught:
        Settings(**given)
    assert "short-secret" not in f"{caught.value} {caught.value!r}"


def test_each_wrong_value_is_named_once_in_the_order_of_names() -> None:
    _, problems = Settings.load(
        {"MEDIASMITH_WAIT_SECONDS": "x", "MEDIASMITH_CONCURRENCY": "y", "MEDIASMITH_TRUSTED_HOSTS": "a b,c d"}
    )
    assert [problem.split()[0] for problem in problems] == [
        "MEDIASMITH_CONCURRENCY",
        "MEDIASMITH_TRUSTED_HOSTS",
        "MEDIASMITH_WAIT_SECONDS",
    ]


def test_a_value_the_client_did_not_fill_in_counts_as_not_set_and_is_named() -> None:
    settings, problems = Settings.load(
        {"MEDIASMITH_OUTPUT_DIR": "${HOME}/media", "MEDIASMITH_ACME_BASE_URL": "${user_config.url}"}
    )
    assert settings == Settings()
    assert problems == (
        "MEDIASMITH_ACME_BASE_URL still reads ${...}, which the client did not fill in; it counts as not set",
        "MEDIASMITH_OUTPUT_DIR still reads ${...}, which the client did not fill in; it counts as not set",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [("${A}", True), ("x${env:A}y", True), ("${}", True), ("$A", False), ("{A}", False), ("", False), ("${A", False)],
)
def test_only_a_whole_template_is_unexpanded(text: str, *, expected: bool) -> None:
    assert unexpanded(text) is expected


def test_an_empty_value_counts_as_not_set_without_a_word() -> None:
    assert Settings.load({"MEDIASMITH_CONCURRENCY": " ", "MEDIASMITH_OUTPUT_DIR": ""}) == (Settings(), ())


def test_every_problem_can_be_printed() -> None:
    env = {"MEDIASMITH_\udcff": "1", "MEDIASMITH_CONCURRENCY": "\udcff"}
    problems = (*Settings.load(env)[1], *unknown_settings(env))
    assert len(problems) == 2
    assert all(problem.isascii() for problem in problems)


def test_an_unknown_variable_is_named_with_the_closest_real_one() -> None:
    problems = unknown_settings({"MEDIASMITH_CONCURENCY": "3", "MEDIASMITH_ZZZZ": "3", "MEDIASMITH_ORDER": "a"})
    assert problems == (
        "MEDIASMITH_CONCURENCY is not a setting; did you mean MEDIASMITH_CONCURRENCY?",
        "MEDIASMITH_ZZZZ is not a setting; it is ignored",
    )


def test_a_base_url_of_any_backend_is_no_problem() -> None:
    assert unknown_settings({"MEDIASMITH_OPENAI_BASE_URL": "http://127.0.0.1:9"}) == ()


def test_problems_repeat_no_value_that_could_be_a_secret() -> None:
    secret = "sk-proj-0123456789abcdef"
    env = {variable(field): f"{secret} {{" for field in Settings.model_fields} | {"MEDIASMITH_OPENAI_API_KEY": secret}
    settings, problems = Settings.load(env)
    assert len(problems) >= 10
    assert not any("sk-proj" in problem for problem in problems)
    assert settings.concurrency == 32


@given(st.dictionaries(st.sampled_from(VARIABLES), st.text(st.characters(exclude_categories=()))))
@example(dict.fromkeys(VARIABLES, "\udcff"))
@example(dict.fromkeys(VARIABLES, "\0"))
def test_no_environment_stops_the_server(env: dict[str, str]) -> None:
    settings, problems = Settings.load(env)
    assert isinstance(settings, Settings)
    assert len(problems) <= len(env)


def test_folders_become_absolute_and_know_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    settings, problems = Settings.load({"MEDIASMITH_OUTPUT_DIR": "~/out", "MEDIASMITH_ALLOWED_DIRS": "in"})
    assert (settings.output_dir, settings.allowed_dirs, problems) == (tmp_path / "out", (tmp_path / "in",), ())


def test_it_starts_in_a_working_folder_that_was_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    settings, problems = Settings.load({"MEDIASMITH_OUTPUT_DIR": "out"})
    assert settings.output_dir is None
    assert problems == ("MEDIASMITH_OUTPUT_DIR is 'out': a folder is accepted; it counts as not set",)


def test_it_starts_for_an_account_without_a_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home(_app: str, **_options: object) -> Path:
        return Path("~no-such-user/mediasmith")

    monkeypatch.setattr("platformdirs.user_data_path", no_home)
    settings, problems = Settings.load({"MEDIASMITH_OUTPUT_DIR": "~no-such-user/x"})
    assert settings.data_dir.is_absolute()
    assert "~" not in settings.data_dir.parts
    assert len(problems) == 1


def test_settings_made_in_code_do_not_read_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIASMITH_CONCURRENCY", "7")
    monkeypatch.setenv("MEDIASMITH_PREVIEW", "not a switch")
    assert Settings().concurrency == 32
    assert Settings.load()[0].concurrency == 7


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Settings().concurrency = 1


def test_every_setting_says_what_it_is_and_what_it_accepts() -> None:
    for field, info in Settings.model_fields.items():
        assert info.description, field
        assert accepted(field), field
        assert variable(field) == PREFIX + field.upper()


def test_access_takes_the_first_key_that_is_set() -> None:
    backend = a_backend(keys=("A_KEY", "B_KEY", "C_KEY"))
    assert read_access(backend, {"A_KEY": " ", "B_KEY": " second\n", "C_KEY": "third"}).key == "second"
    assert read_access(backend, {"A_KEY": "${A_KEY}", "C_KEY": "third"}).key == "third"


def test_access_holds_the_declared_variables_and_nothing_else() -> None:
    backend = a_backend(keys=("A_KEY",), env=("A_ORG", "A_REGION", "A_PROJECT"))
    found = read_access(backend, {"A_KEY": "k", "A_ORG": "org", "A_REGION": "${REGION}", "A_PROJECT": "", "HOME": "/"})
    assert found.env == {"A_ORG": "org"}


def test_access_has_the_base_url_of_its_own_backend() -> None:
    env = {"MEDIASMITH_ACME_BASE_URL": "http://127.0.0.1:9/v1", "MEDIASMITH_OTHER_BASE_URL": "http://other"}
    assert base_url_variable("acme") == "MEDIASMITH_ACME_BASE_URL"
    assert read_access(a_backend(), env).base_url == "http://127.0.0.1:9/v1"
    assert read_access(a_backend(), {"MEDIASMITH_ACME_BASE_URL": "${URL}"}).base_url == ""


def test_a_backend_without_keys_needs_none() -> None:
    assert read_access(a_backend(), {}).key == ""


def test_a_missing_key_says_which_variables_would_do() -> None:
    with pytest.raises(MissingKey) as caught:
        read_access(a_backend(keys=("A_KEY", "B_KEY")), {"OTHER": "x"})
    assert caught.value.variables == ("A_KEY", "B_KEY")
    assert caught.value.hint == "Set A_KEY or B_KEY and restart the server."


def test_a_key_the_client_did_not_fill_in_is_told_apart_from_one_that_is_not_set() -> None:
    with pytest.raises(MissingKey) as caught:
        read_access(a_backend(keys=("A_KEY", "B_KEY")), {"A_KEY": "${user_config.key}"})
    assert caught.value.hint.endswith("A_KEY still reads ${...}: the client did not fill it in.")


SWITCHES = ("A_CLOUD", "A_VERTEX")


def test_a_switch_that_says_neither_on_nor_off_is_told_with_the_missing_key() -> None:
    backend = a_backend(keys=("A_KEY",), switches=SWITCHES)
    for said, told in (("yes", "A_CLOUD=yes has no effect: it takes true or 1."), ("false", "the server.")):
        with pytest.raises(MissingKey) as caught:
            read_access(backend, {"A_CLOUD": said})
        assert caught.value.hint.endswith(told)


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
def test_the_first_switch_that_is_set_decides_how_to_sign_in(env: Mapping[str, str], *, switched: bool) -> None:
    found = read_access(a_backend(keys=("A_KEY",), switches=SWITCHES), env)
    assert (found.switched, found.key) == (switched, env.get("A_KEY", ""))


@pytest.mark.parametrize("env", [{"A_CLOUD": "false"}, {"A_VERTEX": "0"}, {"A_CLOUD": "false", "A_VERTEX": "true"}])
def test_a_switch_that_is_off_is_no_key(env: Mapping[str, str]) -> None:
    with pytest.raises(MissingKey, match=r"Set A_KEY and restart"):
        read_access(a_backend(keys=("A_KEY",), switches=SWITCHES), env)


def test_no_secret_is_shown() -> None:
    backend = a_backend(keys=("A_KEY",), env=("A_TOKEN",))
    found = read_access(backend, {"A_KEY": "sk-secret", "A_TOKEN": "tk-secret"})
    assert "secret" not in f"{found} {found!r}"
