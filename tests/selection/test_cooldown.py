"""Backends that failed a moment ago rest."""

from __future__ import annotations

from fakes.virtual_clock import VirtualClock
from mediasmith.selection.cooldown import ProcessCooldown


async def test_a_backend_rests_for_a_minute() -> None:
    clock = VirtualClock()
    cooldown = ProcessCooldown(clock=clock)
    assert await cooldown.resting() == {}
    await cooldown.start("one")
    await clock.advance(30)
    await cooldown.start("two")
    assert await cooldown.resting() == {"one": 30, "two": 60}
    await clock.advance(30)
    assert await cooldown.resting() == {"two": 30}


async def test_a_new_failure_starts_the_minute_again() -> None:
    clock = VirtualClock()
    cooldown = ProcessCooldown(clock=clock)
    await cooldown.start("one")
    await clock.advance(59)
    await cooldown.start("one")
    await clock.advance(59)
    assert await cooldown.resting() == {"one": 1}
