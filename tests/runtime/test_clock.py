"""The system's clock."""

from __future__ import annotations

from mediasmith.runtime.clock import Clock, SystemClock


async def test_the_system_clock_counts_from_the_epoch_and_sleeps_only_for_positive_times() -> None:
    clock: Clock = SystemClock()
    before = clock.now()
    await clock.sleep(0)
    await clock.sleep(-1)
    assert 1_700_000_000 < before <= clock.now()
