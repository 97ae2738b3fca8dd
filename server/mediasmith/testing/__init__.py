"""The contract suite for backends, and the doubles to test them with. Needs pytest, which the server does not.

    from mediasmith.testing import Rig, contract, relay

    test_contract = contract(Rig(backend=my_backend, wire=my_wire))

`my_wire` opens a stand-in for the provider: `relay(url)` before any fake that speaks HTTP, or a `Wire` of one's own.
"""

from mediasmith.testing.adapter_harness import AdapterHarness, signed_in
from mediasmith.testing.doubles import MemorySink, MemorySource, png
from mediasmith.testing.relay import Relay, relay
from mediasmith.testing.rig import KEY, Rig
from mediasmith.testing.suite import CHECKS, Case, cases, contract
from mediasmith.testing.virtual_clock import VirtualClock
from mediasmith.testing.wire import Answer, Sent, Wire

__all__ = [
    "CHECKS",
    "KEY",
    "AdapterHarness",
    "Answer",
    "Case",
    "MemorySink",
    "MemorySource",
    "Relay",
    "Rig",
    "Sent",
    "VirtualClock",
    "Wire",
    "cases",
    "contract",
    "png",
    "relay",
    "signed_in",
]
