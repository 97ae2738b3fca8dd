"""Backends that failed a moment ago rest in all replicas, as far as the database can be reached."""

from __future__ import annotations

from typing import Any, cast

import pytest

from fakes.faults import raising
from mediasmith.plugin.errors import Unreachable
from mediasmith.selection.shared_cooldown import SharedCooldown


class Away:
    """A database that cannot be reached."""

    rest = staticmethod(raising(Unreachable("No connection.")))


async def test_a_failure_that_cannot_be_shared_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    await SharedCooldown(replicas=cast("Any", Away())).start("one")
    assert caplog.messages == ["the cooldown of one could not be recorded: No connection."]
