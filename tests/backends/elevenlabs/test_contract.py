"""The ElevenLabs backend passes the contract suite."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from importlib import import_module
from typing import Any

from fakes.elevenlabs import running
from mediasmith.plugin.contract import JSON, Accepted, Call, Capability, Result
from mediasmith.testing import Answer, Relay, Rig, Sent, contract, relay
from mediasmith_backends.elevenlabs import backend
from mediasmith_backends.elevenlabs.client import ElevenLabs
from mediasmith_backends.elevenlabs.dubbing import dubbing
from mediasmith_backends.elevenlabs.voice_clone import voice_clone
from mediasmith_backends.elevenlabs.voice_design import DesignParams, voice_design

_SENTENCE = "These are words that somebody says, and says again, until there are at least a hundred characters. "


def pays(sent: Sent) -> bool:
    return sent.method == "POST" and not sent.path.endswith("/plan")


def pays_for_a_voice(sent: Sent) -> bool:
    """Leave out the preview of a clone, which has tests of its own."""
    return sent.path.endswith("/voices/add")


@contextmanager
def _wire(paying: Callable[[Sent], bool]) -> Generator[Relay]:
    import_module("elevenlabs.base_client")  # the virtual clock would starve the thread that imports it later
    with running() as fake, relay(fake.url, pays=paying) as wire:
        fake.settings(voices=10_000)
        yield wire


def wire() -> AbstractContextManager[Relay]:
    return _wire(pays)


def wire_of_clones() -> AbstractContextManager[Relay]:
    return _wire(pays_for_a_voice)


def _plan(text: str) -> JSON:
    return {"chunks": [{"text": f"[Verse]\n{text}", "duration_ms": 3000, "positive_styles": ["folk"]}]}


_SAMPLES: Mapping[str, tuple[JSON, ...]] = {
    "voices": (["Anna=Sarah", "Ben=Roger"], ["Anna=Roger", "Ben=Sarah"]),
    "sample_rate": (16000, 32000),
    "bitrate": (64, 96),
    "composition_plan": (_plan("A kite"), _plan("A boat")),
    "source_language": ("en", "fr"),
    "text": (_SENTENCE * 2, _SENTENCE * 3),
}


def _rig(*capabilities: Capability[ElevenLabs, Any], **more: Any) -> Rig:
    """Return the backend with these capabilities alone."""
    rig = Rig(
        backend=replace(backend, capabilities=tuple(map(_adapted, capabilities))),
        wire=wire,
        samples=_SAMPLES,
        companions={"sample_rate": {"output_format": "wav"}},
    )
    return replace(rig, **more)


def _adapted(capability: Capability[ElevenLabs, Any]) -> Capability[ElevenLabs, Any]:
    """Return a capability that always takes audio, where it takes audio or video, and designs one voice."""
    if capability.name == "voice_design":
        return replace(capability, start=_design_one)
    audio = capability.takes.get("audio")
    return replace(capability, takes={"audio": replace(audio, required=True)}) if audio else capability


async def _design_one(call: Call[ElevenLabs, DesignParams]) -> Result | Accepted:
    result = await voice_design.start(call)
    return replace(result, outputs=result.outputs[:1]) if isinstance(result, Result) else result


_OTHERS = (dubbing, voice_clone)

test_contract = contract(_rig(*(each for each in backend.capabilities if each not in _OTHERS)))

test_contract_of_dubs = contract(
    _rig(
        dubbing,
        base={"language": "de"},
        failed={"dubbing": Answer(status=200, body=b'{"status": "failed"}')},
    )
)

test_contract_of_clones = contract(_rig(voice_clone, wire=wire_of_clones))
