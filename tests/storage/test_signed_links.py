"""Signed links: each is valid for one file of one principal until it expires."""

from __future__ import annotations

import hmac
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from mediasmith.storage.signed_links import LIFETIME, SignedLinks, link_keys

NOW = 1_800_000_000.5
BASE = "https://media.invalid/sub"
LINKS = SignedLinks(base=BASE, keys=link_keys([]))


def parts(url: str) -> dict[str, str]:
    """Return the query parameters of a link."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def test_a_link_begins_with_the_base_url_and_lasts_an_hour() -> None:
    url = LINKS.url("a1", "local", now=NOW)
    assert url.startswith("https://media.invalid/sub/files/a1?")
    assert parts(url)["expires"] == str(int(NOW) + 3600)
    assert LIFETIME == 3600
    assert LINKS.is_valid("a1", "local", **parts(url))


@pytest.mark.parametrize(
    ("file_id", "principal", "changed"),
    [
        ("a2", "local", {}),
        ("a1", "http", {}),
        ("a1", "local", {"expires": str(int(NOW) + 3601)}),
        ("a1", "local", {"expires": f" {int(NOW) + 3600}"}),
        ("a1", "local", {"expires": ""}),
        ("a1", "local", {"signature": ""}),
        ("a1", "local", {"signature": "0" * 64}),
        ("a1", "local", {"signature": "ä\udcff"}),
    ],
)
def test_a_changed_link_is_not_valid(file_id: str, principal: str, changed: dict[str, str]) -> None:
    link = parts(LINKS.url("a1", "local", now=NOW)) | changed
    assert not LINKS.is_valid(file_id, principal, **link)


def test_a_link_of_another_process_is_not_valid() -> None:
    link = parts(SignedLinks(base=BASE, keys=link_keys([])).url("a1", "local", now=NOW))
    assert not LINKS.is_valid("a1", "local", **link)


def shared(*secrets: str) -> SignedLinks:
    """Return the links of a replica with these secrets."""
    return SignedLinks(base=BASE, keys=link_keys(map(SecretStr, secrets)))


@pytest.mark.parametrize(
    ("signs", "verifies", "valid"),
    [
        (["old"], ["old"], True),
        (["old"], ["new", "old"], True),
        (["new", "old"], ["new"], True),
        (["new", "old"], ["old"], False),
        (["old"], ["new"], False),
    ],
)
def test_replicas_share_keys_and_a_new_secret_replaces_an_old_one_step_by_step(
    signs: list[str], verifies: list[str], *, valid: bool
) -> None:
    link = parts(shared(*signs).url("a1", "local", now=NOW))
    assert shared(*verifies).is_valid("a1", "local", **link) is valid


def test_the_secret_itself_signs_nothing() -> None:
    assert link_keys([SecretStr("old")]) == (hmac.digest(b"old", b"links", "sha256"),)


IDS, PRINCIPALS = st.text("ab", max_size=2), st.text('a", []', max_size=4)


@given(IDS, PRINCIPALS, IDS, PRINCIPALS)
def test_a_link_is_valid_for_one_file_of_one_principal(one: str, hers: str, other: str, his: str) -> None:
    link = parts(LINKS.url(one, hers, now=NOW))
    assert LINKS.is_valid(other, his, **link) == ((one, hers) == (other, his))


def test_the_key_is_not_shown() -> None:
    [key] = LINKS.keys
    assert key.hex() not in repr(LINKS)
    assert repr(key) not in repr(LINKS)
