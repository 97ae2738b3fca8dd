"""Signed links: each is valid for one file of one principal until it expires."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediasmith.storage.signed_links import LIFETIME, SignedLinks

NOW = 1_800_000_000.5
LINKS = SignedLinks(base="https://media.invalid/sub")


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
    link = parts(SignedLinks(base=LINKS.base).url("a1", "local", now=NOW))
    assert not LINKS.is_valid("a1", "local", **link)


IDS, PRINCIPALS = st.text("ab", max_size=2), st.text('a", []', max_size=4)


@given(IDS, PRINCIPALS, IDS, PRINCIPALS)
def test_a_link_is_valid_for_one_file_of_one_principal(one: str, hers: str, other: str, his: str) -> None:
    link = parts(LINKS.url(one, hers, now=NOW))
    assert LINKS.is_valid(other, his, **link) == ((one, hers) == (other, his))


def test_the_key_is_not_shown() -> None:
    assert LINKS.key.hex() not in repr(LINKS)
    assert repr(LINKS.key) not in repr(LINKS)
