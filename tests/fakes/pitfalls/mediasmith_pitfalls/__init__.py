"""Backends that misbehave, and a server that dies where a test wants it to."""

import os

from mediasmith_pitfalls.death import arm

if step := os.environ.get("DIE"):
    arm(step)
