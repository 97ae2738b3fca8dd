"""The stub model calls the server's tools and is the only host that its client reaches."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from typing import Any

import pytest

from headless.anthropic_messages import MESSAGES
from headless.conversation import script
from headless.stub_model import StubModel

pytestmark = pytest.mark.npm


def test_the_stub_model_calls_our_tools_and_refuses_other_hosts() -> None:
    model = StubModel(MESSAGES, "ours_", script)
    tool: Any = {"name": "ours_generate_media", "description": "", "input_schema": {}}
    with model.serve() as url:
        connection = HTTPConnection(url.removeprefix("http://"), timeout=10)
        connection.request("POST", "/v1/messages?beta=true", json.dumps({"messages": [], "tools": [tool]}))
        reply = connection.getresponse().read().decode()
        connection.request("CONNECT", "example.com:443")
        refusal = connection.getresponse()
        refusal.read()
        connection.close()
    assert '"name": "ours_generate_media"' in reply
    assert "a red kite" in reply
    assert refusal.status == 403
    assert model.refused == ["example.com:443"]
    assert list(model.request.tools) == ["generate_media"]
