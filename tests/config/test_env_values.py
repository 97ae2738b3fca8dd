"""Values as people and their tools write them: with quotes, invisible characters, `$HOME` and `file://`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mediasmith.config.env_values import clean, clean_key, expand_variables, folder_path, key_fault, read_value
from mediasmith.config.settings import Settings

KEY = "sk-proj-abcdef123456"
QUOTES, BEARER, INVISIBLE = "the quotes around it", 'the word "Bearer"', "invisible characters"


@pytest.mark.parametrize(
    "text",
    [
        "a b",
        " a b\r\n",
        '"a b"',
        "'a b'",
        "` a b `",
        "“a b”",
        "\ufeffa b",
        "\u200b'a b'\u00a0",
        "\u00a0a b\n",
        "'\"a b\"'",
        "''a b''",
    ],
)
def test_a_value_has_no_quotes_spaces_or_invisible_characters_around_it(text: str) -> None:
    assert clean(text) == "a b"


@pytest.mark.parametrize("json", ['{"image": "sketch"}', '["a", "b"]', '{\n "image": "sketch"\n}'])
def test_json_has_quotes_of_its_own(json: str) -> None:
    assert clean(f'"{json}"') == clean(f"' {json} '") == clean(json) == json


@pytest.mark.parametrize("text", ["it's", '"', "\"a'", '"a" or b', "'a','b'", "a\u200db"])
def test_the_rest_of_a_value_stays(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "removed"),
    [
        (KEY, ()),
        (f" {KEY}\r\n", ()),
        (f'"{KEY}"', (QUOTES,)),
        (f"'{KEY}\n'", (QUOTES,)),
        (f"Bearer {KEY}", (BEARER,)),
        (f"bearer\u00a0{KEY}", (BEARER,)),
        (f'"Bearer {KEY}"', (QUOTES, BEARER)),
        (f'Bearer "{KEY}"', (BEARER,)),
        (f"Key {KEY}", ('the word "Key"',)),
        (f"token  {KEY}", ('the word "Token"',)),
        (f"{KEY}\u200b", (INVISIBLE,)),
        (f"\ufeff{KEY}", (INVISIBLE,)),
        (f"{KEY[:9]}\u200b\u00ad{KEY[9:]}", (INVISIBLE,)),
        (f"\u00a0{KEY}\u00a0", (INVISIBLE,)),
        (f'\u200e"{KEY}"', (INVISIBLE, QUOTES)),
    ],
)
def test_what_is_no_part_of_a_key_is_left_out_and_named(text: str, removed: tuple[str, ...]) -> None:
    assert clean_key(text) == (KEY, removed)
    assert key_fault(KEY) == ""


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("sk-a sk-b", "a space or a line break"),
        ("sk-a\nsk-b", "a space or a line break"),
        ("sk\u2013a", "the character U+2013"),
    ],
)
def test_what_cannot_be_a_key_is_named_without_the_key(key: str, found: str) -> None:
    assert key_fault(clean_key(key)[0]) == f"contains {found}, which no key has"


def test_variables_in_paths_are_filled_in_if_they_are_set() -> None:
    env = {"HOME": "/home/ann", "EMPTY": ""}
    assert expand_variables("$HOME/gen:%HOME%/b:$HOMES/$EMPTY/$$", env) == "/home/ann/gen:/home/ann/b:$HOMES/$EMPTY/$$"


@pytest.mark.skipif(sys.platform == "win32", reason="paths of this system")
@pytest.mark.parametrize("text", ["/a b", "file:///a%20b", "file://localhost/a%20b", "'file:///a b'", "FILE:///a%20b"])
def test_a_folder_is_a_path_or_a_url(text: str) -> None:
    assert folder_path(text) == "/a b"


@pytest.mark.parametrize("text", ["file://server/share", "$HOMES/gen", "%HOMES%\\gen", '"/tmp/gen', "'~'/gen", ""])
def test_what_is_no_folder_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a path|another machine"):
        folder_path(text)


@pytest.mark.skipif(sys.platform == "win32", reason="paths of this system")
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("~/k.json", "/home/ann/k.json"),
        ("'$HOME/k.json'", "/home/ann/k.json"),
        ("file:///home/ann/a%20b", "/home/ann/a b"),
        ("$NOT_SET/k.json", "$NOT_SET/k.json"),
        ("'https://a/%20~'", "https://a/%20~"),
        ("$5", "$5"),
    ],
)
def test_a_value_that_begins_as_a_path_is_filled_in(monkeypatch: pytest.MonkeyPatch, text: str, value: str) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    assert read_value(text, {"HOME": "/home/ann"}) == value


def test_settings_are_read_as_people_write_them(tmp_path: Path) -> None:
    settings, problems = Settings.load(
        {
            "ROOT": str(tmp_path),
            "MEDIASMITH_OUTPUT_DIR": '"$ROOT/out"',
            "MEDIASMITH_DATA_DIR": "$ROOT",
            "MEDIASMITH_ALLOWED_DIRS": f"'$ROOT/a':file://{tmp_path}/b%20c:\"%ROOT%/d\"",
            "MEDIASMITH_DEFAULTS": '\'{"image": "sketch"}\'',
            "MEDIASMITH_ORDER": '["sketch", "google"]',
            "MEDIASMITH_CONCURRENCY": '"8"',
            "MEDIASMITH_HTTP_TOKEN": "Bearer 0123456789abcdef",
            "MEDIASMITH_HTTP_URL": "\ufeffhttps://media.example.org",
        }
    )
    assert problems == ()
    assert (settings.output_dir, settings.data_dir) == (tmp_path / "out", tmp_path)
    assert settings.allowed_dirs == (tmp_path / "a", tmp_path / "b c", tmp_path / "d")
    assert settings.defaults == {"image": "sketch"}
    assert (settings.order, settings.concurrency) == (("sketch", "google"), 8)
    assert settings.http_token is not None
    assert settings.http_token.get_secret_value() == "0123456789abcdef"
    assert settings.http_url == "https://media.example.org"


@pytest.mark.parametrize("text", ["$NOT_SET/gen", "%NOT_SET%/gen", '"/tmp/gen', "file://server/gen"])
def test_a_folder_that_cannot_be_meant_counts_as_not_set_and_is_reported(text: str) -> None:
    settings, problems = Settings.load({"MEDIASMITH_OUTPUT_DIR": text})
    assert settings.output_dir is None
    [problem] = problems
    assert problem.startswith("MEDIASMITH_OUTPUT_DIR is ")
    assert problem.endswith("must be a folder; it counts as not set")
