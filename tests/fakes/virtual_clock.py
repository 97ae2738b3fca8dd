"""The clock of `mediasmith.testing`, by the name under which the tests know it."""

from mediasmith.testing import VirtualClock

__all__ = ["VirtualClock"]
