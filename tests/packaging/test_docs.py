"""The pages: their links lead somewhere, what they name exists, and what they tell clients to start is the server."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from install.manifests import SERVER, START
from install.project import ROOT, read_project
from mediasmith.config.settings import Settings, variable

PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "plugins").rglob("*.md")]
INSTALL = (ROOT / "docs" / "install.md").read_text("utf-8")


def text(page: Path) -> str:
    """Return a page without its code blocks."""
    return re.sub(r"^( *)```.*?^\1```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", text(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", text(page)):
        path, _, anchor = "".join(target).partition("#")
        if path.startswith("https://"):
            continue
        led = page.parent / path if path else page
        assert led.exists(), path
        assert not anchor or anchor in anchors(led), f"{path}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_setting_that_is_named_exists(page: Path) -> None:
    named = {name for name in re.findall(r"MEDIASMITH_[A-Z_]+", text(page)) if not name.endswith("_")}
    known = {*map(variable, Settings.model_fields), *read_project().variables}
    assert named <= known | {"MEDIASMITH_NAME_BASE_URL", "MEDIASMITH_TEST_SPECS"}


def test_what_holds_a_promise_about_security_exists() -> None:
    named = re.findall(r"`((?:server|tests)/[\w./]+)`", (ROOT / "docs" / "security.md").read_text("utf-8"))
    assert len(named) > 10
    assert not [name for name in named if not (ROOT / name).exists()]


def test_every_page_is_in_the_table_of_the_readme() -> None:
    linked = set(re.findall(r"\]\(docs/([\w-]+\.md)\)", (ROOT / "README.md").read_text("utf-8")))
    assert linked == {page.name for page in (ROOT / "docs").glob("*.md")}


def servers() -> Iterator[Mapping[str, Any]]:
    """Yield each server that the page about installing has for a client's settings."""
    for form, block in re.findall(r"^```(json|toml)\n(.*?)^```$", INSTALL, re.DOTALL | re.MULTILINE):
        settings = json.loads(block) if form == "json" else tomllib.loads(block)
        [listed] = settings.values()
        yield listed[SERVER]


def test_the_settings_of_every_client_start_the_server() -> None:
    found = [*servers()]
    assert len(found) == 5
    assert all(START.items() <= server.items() for server in found)
