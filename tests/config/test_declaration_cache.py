"""What clients are shown is kept between starts, and shown again only while nothing it depends on has changed."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fakes.backends import fake
from mediasmith.config import declaration_cache, registry
from mediasmith.config.declaration_cache import load_declarations
from mediasmith.config.declarations import Declarations, declare
from mediasmith.config.registry import Registry
from mediasmith.plugin.contract import Backend


class Starts:
    """Starts over the `installed` backends, with these variables; `loads` counts how often backends were loaded."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.env = {"MEDIASMITH_DATA_DIR": str(folder / "data")}
        self.installed: list[Backend[None]] = [fake("acme", keys=("ACME_KEY",), env=("ACME_PLACE",))]
        self.loads = 0
        monkeypatch.setattr(registry, "load", self._load)

    def _load(self, **_only: object) -> Registry:
        self.loads += 1
        return Registry(backends={backend.name: backend for backend in self.installed}, broken={})

    def start(self) -> Declarations:
        return load_declarations(self.env)[0]


@pytest.fixture
def starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Starts:
    return Starts(tmp_path, monkeypatch)


def test_the_second_start_shows_the_same_without_loading_a_backend(starts: Starts) -> None:
    first, second = starts.start(), starts.start()
    assert starts.loads == 1
    assert [(tool.name, tool.parameters) for tool in second.tools] == [
        (tool.name, tool.parameters) for tool in first.tools
    ]
    assert second.offers == first.offers
    assert second.offers[0].missing


def test_what_works_is_loaded_when_it_is_asked_for(starts: Starts) -> None:
    starts.start()
    _, load = load_declarations(starts.env)
    assert (starts.loads, list(load().registry.backends), starts.loads) == (1, ["acme"], 2)


Change = Callable[[Starts, Path, pytest.MonkeyPatch], object]

CHANGES: dict[str, Change] = {
    "a key": lambda starts, _folder, _patch: starts.env.update(ACME_KEY="k" * 20),
    "a variable of a backend": lambda starts, _folder, _patch: starts.env.update(ACME_PLACE="b"),
    "a setting": lambda starts, _folder, _patch: starts.env.update(MEDIASMITH_ORDER="acme"),
    "a source file": lambda _starts, folder, _patch: os.utime(folder / "plugin.py", ns=(1, 1)),
    "a source file is gone": lambda _starts, folder, _patch: (folder / "plugin.py").unlink(),
    "an installed package": lambda _starts, folder, _patch: (folder / "packages" / "acme").mkdir(),
    "the path of packages": lambda _starts, folder, patch: patch.setattr(sys, "path", [*sys.path, str(folder)]),
    "the file itself": lambda _starts, folder, _patch: kept(folder).write_text("[]"),
}


def kept(folder: Path) -> Path:
    [file] = (folder / "data").iterdir()
    return file


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_of_anything_it_depends_on_loads_the_backends_again(
    starts: Starts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Change
) -> None:
    (tmp_path / "packages").mkdir()
    (tmp_path / "plugin.py").touch()
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "packages")])
    monkeypatch.setattr(declaration_cache, "_sources", lambda: map(str, tmp_path.glob("*.py")))
    starts.start()
    change(starts, tmp_path, monkeypatch)
    starts.start()
    starts.start()
    assert starts.loads == 2


def test_a_difference_that_was_not_foreseen_is_shown_at_the_next_start(starts: Starts) -> None:
    starts.start()
    starts.installed.append(fake("newer"))
    shown, load = load_declarations(starts.env)
    assert [offer.backend for offer in shown.offers] == ["acme"]
    assert [offer.backend for offer in declare(load()).offers] == ["acme", "newer"]
    assert [offer.backend for offer in starts.start().offers] == ["acme", "newer"]


def test_secrets_leave_no_trace_in_the_file(starts: Starts, tmp_path: Path) -> None:
    texts: list[str] = []
    for key, token in (("a" * 20, "b" * 20), ("c" * 20, "d" * 20)):
        database = f"postgresql://ada:{key}@db/media"
        starts.env |= {"ACME_KEY": key, "MEDIASMITH_HTTP_TOKEN": token, "MEDIASMITH_DATABASE_URL": database}
        starts.env |= {"MEDIASMITH_STORE_URL": "s3://media", "MEDIASMITH_SECRET": token * 2}
        starts.start()
        texts.append(kept(tmp_path).read_text())
        kept(tmp_path).unlink()
    assert texts[0] == texts[1]


def test_clients_with_other_keys_do_not_push_each_other_out(starts: Starts, tmp_path: Path) -> None:
    for _ in range(2):
        for place in "abcd":
            starts.env["ACME_PLACE"] = place
            starts.start()
    assert starts.loads == 4
    for number in range(20):
        starts.env["ACME_PLACE"] = str(number)
        starts.start()
    assert len(json.loads(kept(tmp_path).read_text())["declarations"]) == 8


def test_a_source_in_an_archive_only_costs_time(starts: Starts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(declaration_cache, "_sources", lambda: ["/plugins.zip/acme.py"])
    assert starts.start() == starts.start()
    assert starts.loads == 2


def test_a_folder_that_cannot_be_written_to_only_costs_time(starts: Starts, tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    assert starts.start() == starts.start()
    assert starts.loads == 2
