"""The tools over all installed backends, and requests of generate_media as they are read or refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from fakes.declared import INSTALLED
from mediasmith.config.tool_schemas import Tools, ToolSchema
from mediasmith.plugin.errors import InvalidRequest
from mediasmith.selection.tool_request import ToolRequest, parse_request

GENERATE, EDIT, LIST, JOB = Tools(INSTALLED).values()


def read(**given: Any) -> ToolRequest:
    """A generate_media request with a prompt, unless one is given."""
    return parse_request(given if given.keys() & {"prompt", "prompts"} else {"prompt": "a fox", **given}, GENERATE)


def refused(arguments: Mapping[str, Any], tool: ToolSchema = GENERATE) -> str:
    """The refusal's whole text, which is short, free of half characters, and says that nothing was spent."""
    with pytest.raises(InvalidRequest) as caught:
        parse_request(arguments, tool)
    text = str(caught.value)
    text.encode()
    assert len(text) < 1_000
    assert "Nothing was billed." in text
    return text
