"""Backends that failed a moment ago rest."""

from __future__ import annotations

from fakes.virtual_clock import VirtualClock
from mediasmith.selection.cooldown import Cooldown


async def test_a_backend_rests_for_a_minute() -> None:
    clock = VirtualClock()
    cooldown = Cooldown(clock=clock)
    assert cooldown.resting() == {}
    cooldown.start("one")
    await clock.advance(30)
    cooldown.start("two")
    assert cooldown.resting() == {"one": 30, "two": 60}
    await clock.advance(30)
    assert cooldown.resting() == {"two": 30}


async def test_a_new_failure_starts_the_minute_again() -> None:
    clock = VirtualClock()
    cooldown = Cooldown(clock=clock)
    cooldown.start("one")
    await clock.advance(59)
    cooldown.start("one")
    await clock.advance(59)
    assert cooldown.resting() == {"one": 1}
