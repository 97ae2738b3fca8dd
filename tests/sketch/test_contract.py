"""The sketch backend passes the contract suite. It has no provider, so results are compared instead of requests."""

from __future__ import annotations

from mediasmith.testing import Rig, contract
from mediasmith_sketch import backend

test_contract = contract(
    Rig(
        backend=backend,
        base={"size": "256x256", "duration": 0.5},
        samples={"size": ("128x128", "256x128"), "duration": (0.5, 0.75)},
        companions={"aspect_ratio": {"size": None}},
        seconds=90,
    )
)
