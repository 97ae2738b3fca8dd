"""TOOL.md: its tables are up to date, its front matter parses, and its examples run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from mcp import Client

from fakes.server import ask, on_disk, refused
from mediasmith.cli.reference import regenerate
from mediasmith.config import registry
from mediasmith.config.credentials import setting_variables
from mediasmith.config.installation import Installation
from mediasmith.config.settings import Settings, variable
from mediasmith.engine.bootstrap import lazy_engine
from mediasmith.mcp.server import MediaServer
from mediasmith.plugin.kinds import MEDIA_TYPES
from mediasmith.plugin.params import INPUT_WORDS, WORDS
from mediasmith.selection.unknown_arguments import ADDED_BY_CLIENTS, ADDED_PREFIX

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "TOOL.md").read_text(encoding="utf-8")


def built_in(folder: Path) -> Installation:
    """Return an installation of our own backends, without keys."""
    points = distribution("mediasmith").entry_points.select(group=registry.GROUP)
    return Installation(
        settings=Settings(data_dir=folder / "data", output_dir=folder / "out"),
        registry=registry.load(only=[point.name for point in points]),
        env={},
    )


@pytest.mark.parametrize("name", ["TOOL.md", "docs/settings.md"])
def test_the_tables_are_up_to_date(name: str, tmp_path: Path) -> None:
    page = (ROOT / name).read_text(encoding="utf-8")
    assert regenerate(page, built_in(tmp_path)) == page, f"run: mediasmith reference {name}"


def test_the_front_matter_parses_and_is_complete(tmp_path: Path) -> None:
    _, front, _ = PAGE.split("---\n", 2)
    front_matter: Mapping[str, Any] = yaml.safe_load(front)
    assert list(front_matter) == ["name", "description", "keywords", "environment"]
    assert front_matter["name"] == "mediasmith"
    assert len(front_matter["description"].split()) > 10
    backends = built_in(tmp_path).registry.backends.values()
    made = [capability for backend in backends for capability in backend.capabilities]
    words = {word for one in made for word in (one.kind.replace("_", " "), MEDIA_TYPES[one.kind])}
    assert {*words, *(backend.name for backend in backends)} < set(front_matter["keywords"])
    variables = {name for one in backends for name in (*one.variables, *setting_variables(one).values())}
    assert set(front_matter["environment"]) == {*variables, *map(variable, Settings.model_fields)}
    assert all(len(front_matter[name]) == len(set(front_matter[name])) for name in ("keywords", "environment"))


def test_the_page_names_the_arguments_that_clients_add() -> None:
    assert all(f"`{name}`" in PAGE for name in (*ADDED_BY_CLIENTS, ADDED_PREFIX))


def test_the_page_describes_exactly_the_arguments_of_the_tools(tmp_path: Path) -> None:
    tools = built_in(tmp_path).tools
    described = {name: _independent(_described(name)) for name in tools}
    described["continue_edit"] |= described["generate_media"] - {"prompts", "kind"}  # which the page says in a sentence
    assert described == {name: _independent(tool.parameters["properties"]) for name, tool in tools.items()}


def _described(tool: str) -> Iterator[str]:
    """Yield the names in the first column of a tool's arguments."""
    _, section = PAGE.split(f"\n## {tool}\n")
    _, rows = section.split("| argument | meaning |\n", 1)
    for line in rows.partition("\n\n")[0].splitlines():
        yield from re.findall(r"`(\w+)`", line.split("|")[1])


def _independent(names: Iterable[str]) -> set[str]:
    """Return the names that do not depend on the installed backends."""
    return {*names} - WORDS.keys() - INPUT_WORDS.keys()


def examples() -> Iterator[tuple[Mapping[str, Any], str, str]]:
    """Yield each call with the format and the text of its answer."""
    blocks: list[tuple[str, str]] = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    calls, answers = blocks[::2], blocks[1::2]
    for (_, call), (form, answer) in zip(calls, answers, strict=True):
        yield json.loads(call), form, answer


async def test_every_example_gives_the_answer_on_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ids: dict[str, str] = {}
    shown_tools: set[str] = set()
    async with lazy_engine(lambda: built_in(tmp_path)) as opened, Client(MediaServer(opened)) as client:
        for call, form, answer in examples():
            tool = call["tool"]
            given = json.loads(_filled(json.dumps(call["arguments"]), ids))
            if form == "text":
                assert await refused(client, tool, **given) == answer.strip()
                continue
            shown, real = json.loads(answer), await ask(client, tool, **given)
            _compare(shown, real, ids, whole="next" in shown)
            assert all(on_disk(file) for file in real.get("files", ()))
            shown_tools.add(tool)
        assert shown_tools == {tool.name for tool in (await client.list_tools()).tools}


def _filled(text: str, ids: Mapping[str, str]) -> str:
    for shown, real in ids.items():
        text = text.replace(shown, real)
    return text


_ID = re.compile(r"[a-z2-7]{26}")
_THE_SAME = {"status", "kind", "prompt", "next"}


def _compare(shown: Any, real: Any, ids: dict[str, str], *, whole: bool, place: str = "") -> None:
    """Check that an answer has what the page shows, with the same types. A `whole` one has nothing else."""
    assert type(shown) is type(real), f"{place}: {real!r}"
    if isinstance(shown, dict):
        named = cast("dict[str, Any]", shown)
        assert named.keys() == real.keys() if whole else named.keys() <= real.keys(), f"{place}: {sorted(real)}"
        for name, value in named.items():
            _compare(value, real[name], ids, whole=whole, place=name)
    elif isinstance(shown, list):
        listed = cast("list[Any]", shown)
        assert len(listed) <= len(real), f"{place}: {real}"
        if place == "backends":
            real = [row for shown_row in listed for row in real if row["backend"] == shown_row["backend"]]
        for one, other in zip(listed, real, strict=False):
            _compare(one, other, ids, whole=whole, place=place)
    elif isinstance(shown, str) and _ID.fullmatch(shown):
        assert ids.setdefault(shown, real) == real, f"{place}: {real}"
    elif place in _THE_SAME:
        assert shown == real, f"{place}: {real}"
