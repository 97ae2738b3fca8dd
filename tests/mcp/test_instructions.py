"""What a server tells models about itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from fakes.http import installed
from mediasmith.config.declarations import declare
from mediasmith.mcp.instructions import instructions


@pytest.mark.parametrize(
    ("settings", "shown"), [({}, "path"), ({"database_url": SecretStr("postgresql://db/media")}, "url")]
)
def test_the_user_is_shown_where_files_are(tmp_path: Path, settings: Any, shown: str) -> None:
    text = instructions(declare(installed(tmp_path, **settings)))
    assert f"Show the user the {shown} of each file." in text
    assert (" on disk" in text) == (shown == "path")
