"""A fleet is used as it was set up, or not at all; its secrets are known as such."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from mediasmith.config.installation import Installation
from mediasmith.config.registry import Registry
from mediasmith.runtime.redaction import Redactor

DATABASE = {"MEDIASMITH_DATABASE_URL": "postgresql://ada:p%40ss%2Fword@db/media?sslpassword=of%20the%20key"}
STORE = {"MEDIASMITH_STORE_URL": "s3://media/team"}
SECRET = {"MEDIASMITH_SECRET": f"{'new-' * 8},{'old-' * 8}"}
PUBLIC = {"MEDIASMITH_STORE_PUBLIC_URL": "https://files.example.org"}


def installed(*parts: Mapping[str, str]) -> Installation:
    env = {name: text for part in parts for name, text in part.items()}
    return Installation.load(env=env, backends=Registry(backends={}, broken={}))


def install(monkeypatch: pytest.MonkeyPatch, *, without: str = "") -> None:
    """Let every package seem to be installed but one."""

    def find(name: str) -> object:
        return None if name == without else object()

    monkeypatch.setattr("mediasmith.config.fleet.find_spec", find)


@pytest.fixture
def with_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)


@pytest.mark.usefixtures("with_packages")
@pytest.mark.parametrize("parts", [(), (DATABASE, STORE), (DATABASE, STORE, SECRET, PUBLIC)])
def test_a_complete_fleet_and_one_machine_are_fine(parts: tuple[Mapping[str, str], ...]) -> None:
    assert installed(*parts).fleet_problem() == ""


@pytest.mark.usefixtures("with_packages")
@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ((DATABASE,), "MEDIASMITH_DATABASE_URL is set, but MEDIASMITH_STORE_URL is not"),
        ((STORE,), "MEDIASMITH_STORE_URL is set, but MEDIASMITH_DATABASE_URL is not"),
        ((SECRET,), "MEDIASMITH_SECRET is set, but MEDIASMITH_DATABASE_URL and MEDIASMITH_STORE_URL are not"),
        ((PUBLIC, STORE), "MEDIASMITH_STORE_URL is set, but MEDIASMITH_DATABASE_URL is not"),
    ],
)
def test_half_a_fleet_is_not_taken_for_one_machine(parts: tuple[Mapping[str, str], ...], problem: str) -> None:
    assert installed(*parts).fleet_problem() == problem


@pytest.mark.parametrize("name", ["DATABASE_URL", "STORE_URL", "STORE_PUBLIC_URL", "SECRET"])
def test_a_setting_that_is_not_valid_is_not_taken_for_one_that_is_not_set(name: str) -> None:
    problem = installed(DATABASE, STORE, {f"MEDIASMITH_{name}": "wrong"}).fleet_problem()
    assert problem.startswith(f"MEDIASMITH_{name} is not valid: it must be ")


def test_a_package_that_a_fleet_needs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, without="obstore")
    lacks = "the package obstore is not installed: install mediasmith[fleet]"
    assert installed(DATABASE, STORE).fleet_problem() == lacks
    assert installed().fleet_problem() == ""


def test_the_secrets_of_a_fleet_reach_no_text() -> None:
    credentials = {
        "AWS_ACCESS_KEY_ID": "AKIA0123456789",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG",
        "AWS_SESSION_TOKEN": "FwoGZXIvYXdzEBYaDH",
        "AWS_ENDPOINT_URL": "http://me:of-the-store@s3:8333",
    }
    redact = Redactor(installed(DATABASE, STORE, SECRET, PUBLIC, credentials).secrets)
    database = DATABASE["MEDIASMITH_DATABASE_URL"]
    passwords = ("p%40ss%2Fword", "p@ss/word", "of%20the%20key", "of the key", "of-the-store")
    keys = tuple(credentials[name] for name in credentials if name != "AWS_ENDPOINT_URL")
    for secret in (database, *passwords, *keys, "new-" * 8, "old-" * 8):
        assert redact.text(f"a {secret} b") == "a [secret] b"
    shown = "s3://media/team at https://files.example.org"
    assert redact.text(shown) == shown
