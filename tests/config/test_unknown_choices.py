"""Names in MEDIASMITH_DEFAULTS and MEDIASMITH_ORDER that mean nothing here."""

from __future__ import annotations

import pytest

from fakes.backends import fake
from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings
from mediasmith.config.unknown_choices import unknown_choices

REGISTRY = Registry(backends={"painter": fake("painter", aliases=("artist",))}, broken={})


@pytest.mark.parametrize(
    ("env", "problems"),
    [
        ({"DEFAULTS": '{"image": "Painter:m-1"}', "ORDER": "artist,painter"}, []),
        ({"DEFAULTS": '{"imgae": "painter"}'}, ["DEFAULTS names imgae, which is not a kind; did you mean image?"]),
        ({"DEFAULTS": '{"image": "q:m"}'}, ["DEFAULTS names q, which is not an installed backend"]),
        ({"DEFAULTS": '{"music": "painter"}'}, ["DEFAULTS names painter for music, which it does not make"]),
        ({"ORDER": "paintre"}, ["ORDER names paintre, which is not an installed backend; did you mean painter?"]),
        ({"ORDER": "sk-" + "x" * 40}, ["ORDER names something, which is not an installed backend"]),
    ],
)
def test_a_name_that_is_not_known_is_reported(env: dict[str, str], problems: list[str]) -> None:
    settings, unread = Settings.load({f"MEDIASMITH_{name}": text for name, text in env.items()})
    assert unread == ()
    assert list(unknown_choices(settings, REGISTRY)) == [f"MEDIASMITH_{problem}" for problem in problems]
