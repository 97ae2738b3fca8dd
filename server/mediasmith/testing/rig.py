"""A backend as the contract suite tries it, and the context of each check."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, TypeAlias
from urllib.parse import quote

from pydantic import BaseModel

from mediasmith.config.base_urls import base_url_variable
from mediasmith.plugin.contract import JSON, Backend, Cancellation, Capability, Model, Output, Range, Request
from mediasmith.plugin.errors import MediaError
from mediasmith.plugin.files import Source
from mediasmith.plugin.kinds import Kind, Role
from mediasmith.testing.adapter_harness import AdapterHarness, signed_in
from mediasmith.testing.doubles import SAMPLES, MemorySink, MemorySource
from mediasmith.testing.wire import Answer, Facts, Sent, Wire, facts

KEY = "canary/Zq7+Wt4RmX9LpK8vN3yB"
"""The key that the suite signs in with; it looks for it everywhere a key must not be."""

_PROMPTS: Mapping[Kind, tuple[str, str]] = {
    "dialogue": ("Anna: Good morning.\nBen: Hello.", "Anna: Good evening.\nBen: Farewell."),
    "speech": ("Good morning.", "Good evening to all of you."),
}
_DRAWN = ("A red kite over the sea.", "Two green boats on a lake.")

Answers: TypeAlias = "Answer | Sequence[Answer]"
"""An answer, or one for each request that is sent."""


@dataclass(frozen=True, kw_only=True)
class Rig:
    """A backend, and what the suite must know to try it.

    `wire` opens the stand-in for its provider; without one, results are compared instead of requests. `env` are
    variables beside the key and the base URL, which the suite sets itself. `base` are the parameters of every call:
    what is required, and what keeps the suite fast. `samples` are two or more values of a parameter whose type does not
    say what is accepted. `companions` are what a parameter or an input file needs beside it: `{"output_compression":
    {"output_format": "webp"}, "mask": {"image": True}}`. `failed` is the provider's answer to a poll of work that has
    failed, by the name of the capability; `cancelled` is its answer to a cancel, by the name of the capability and by
    what `cancel` must make of it. Both are sequences where more than one request is sent. `parsed` are capabilities
    whose SDK reads answers itself, so that no other spelling of a file is read, and an answer that cannot be read is
    not handed out. `name` is that of the entry point, where it could differ from the backend's. A check may take
    `seconds` of real time before it counts as hanging.
    """

    backend: Backend[Any]
    wire: Callable[[], AbstractContextManager[Wire]] | None = None
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    base: Mapping[str, JSON] = field(default_factory=dict[str, JSON])
    samples: Mapping[str, Sequence[JSON]] = field(default_factory=dict[str, Sequence[JSON]])
    companions: Mapping[str, Mapping[str, JSON]] = field(default_factory=dict[str, Mapping[str, JSON]])
    failed: Mapping[str, Answers] = field(default_factory=dict[str, "Answers"])
    cancelled: Mapping[str, Mapping[Cancellation, Answers]] = field(
        default_factory=dict[str, "Mapping[Cancellation, Answers]"]
    )
    parsed: Collection[str] = ()
    name: str = ""
    seconds: float = 30.0


@dataclass(frozen=True, kw_only=True)
class CheckContext:
    """One capability under test. `folder` is empty and the check's own."""

    rig: Rig
    capability: Capability[Any, Any]
    wire: Wire | None
    folder: Path

    @property
    def backend(self) -> Backend[Any]:
        """The backend that the capability belongs to."""
        return self.rig.backend

    @property
    def on_wire(self) -> Wire:
        """The wire, for checks that need one."""
        assert self.wire is not None, "this check needs a wire"
        return self.wire

    @property
    def models(self) -> list[Model]:
        """The models in service, the default first; all of them when none is any more."""
        today = datetime.now(UTC).date()
        models = self.capability.models
        return [model for model in models if model.retires is None or model.retires > today] or list(models)

    @property
    def prompts(self) -> tuple[str, str]:
        """Two prompts that suit the kind."""
        return _PROMPTS.get(self.capability.kind, _DRAWN)

    @property
    def url(self) -> str:
        """The base URL, or nothing."""
        return self.wire.url if self.wire else ""

    def _env(self, url: str) -> dict[str, str]:
        """Return the rig's variables, with another address in place of the wire's."""
        return {name: value.replace(self.url, url) if self.url else value for name, value in self.rig.env.items()}

    def env(self) -> dict[str, str]:
        """Return the variables with which the server signs this backend in."""
        keys = dict.fromkeys(self.backend.keys[:1], KEY)
        url = {base_url_variable(self.backend.name): self.url} if self.url else {}
        return {**keys, **url, **self.rig.env}

    @asynccontextmanager
    async def adapter(self, url: str | None = None) -> AsyncGenerator[AdapterHarness]:
        """Connect the capability, by default to the wire, to call it without the server."""
        place = self.url if url is None else url
        async with signed_in(self.backend, place, KEY, capability=self.capability, env=self._env(place)) as adapter:
            yield adapter

    def request(
        self,
        params: Mapping[str, JSON] | None = None,
        *,
        model: Model | None = None,
        prompt: str = "",
        inputs: Mapping[Role, Sequence[Source]] | None = None,
        state: BaseModel | None = None,
    ) -> Request[Any]:
        """Return a request for the base, and this."""
        own = {word: value for word, value in self.rig.base.items() if word in self.capability.params.model_fields}
        return Request(
            model=model or self.models[0],
            prompt=prompt or self.prompts[0],
            params=self.capability.params.model_validate({**own, **(params or {})}),
            inputs={**self.required(), **(inputs or {})},
            state=state,
        )

    def required(self) -> dict[Role, Sequence[Source]]:
        """Return a file for every input that is required."""
        return {role: [self.source(role)] for role, takes in self.capability.takes.items() if takes.required}

    def source(self, role: Role, colour: bytes = b"\x20\x60\xc0") -> MemorySource:
        """Return a file that fits an input. A mask is transparent."""
        mimes = self.capability.takes[role].mimes
        mime = next((mime for mime in SAMPLES if mime in mimes), "")
        assert mime, f"{role} takes {', '.join(mimes)}: the suite has samples of {', '.join(SAMPLES)} only"
        return MemorySource(colour + b"\0" if role == "mask" else colour, mime)

    async def sent(self, adapter: AdapterHarness, request: Request[Any]) -> Facts:
        """Return what this call sends; without a wire, what it returns."""
        if self.wire is None:
            result = await adapter.finish(await adapter.capability.start(adapter.call_for(request)))
            return {f"output {number + 1}": _print(output) for number, output in enumerate(result.outputs)}
        self.wire.clear()
        await adapter.capability.start(adapter.call_for(request))
        return facts(self.wire.requests())

    def paid(self) -> list[Sent]:
        """Return the paying requests since the wire was cleared."""
        return [sent for sent in self.wire.requests() if sent.pays] if self.wire else []

    def explain(self, error: Exception) -> MediaError | None:
        """Return what the backend makes of an exception; its `explain` must not fail."""
        if isinstance(error, MediaError):
            return error
        try:
            return self.backend.explain(error)
        except Exception as fault:
            raise AssertionError(
                f"explain raised {type(fault).__name__} for a {type(error).__name__}: it must return a "
                "MediaError, or None for what it does not know."
            ) from fault


def sequence(answers: Answers) -> tuple[Answer, ...]:
    """Return the answers, one for each request."""
    return (answers,) if isinstance(answers, Answer) else tuple(answers)


def accepts(model: Model, word: str, value: JSON) -> bool:
    """Return whether a model takes this value of a word."""
    accepted = model.accepts.get(word, True)
    if isinstance(accepted, Range):
        return isinstance(value, int | float) and accepted.low <= value <= accepted.high
    return accepted if isinstance(accepted, bool) else value in accepted


def noise(one: Facts, other: Facts) -> frozenset[str]:
    """Return the places that differ between two equal calls: ids, dates, random boundaries."""
    return frozenset(place for place in one.keys() | other.keys() if one.get(place) != other.get(place))


def without(found: Facts, places: frozenset[str]) -> Facts:
    """Return the facts without these places."""
    return {place: value for place, value in found.items() if place not in places}


def counted(sent: Sequence[Sent], places: frozenset[str]) -> Counter[frozenset[tuple[str, str]]]:
    """Return the requests in no order, without these places of each."""
    return Counter(frozenset(without(facts([one]), places).items()) for one in sent)


def content(output: Output) -> bytes | None:
    """Return the bytes of an output; None while it is at a URL."""
    if isinstance(output.body, MemorySink):
        return output.body.data
    return output.body if isinstance(output.body, bytes) else None


def leaks(text: str | bytes) -> str:
    """Return the first form of the key that this holds, or ""."""
    hay = text.encode() if isinstance(text, str) else text
    forms = (KEY, base64.b64encode(KEY.encode()).decode(), quote(KEY, safe=""), KEY[-8:])
    return next((form for form in forms if form.encode() in hay), "")


def _print(output: Output) -> str:
    body = content(output)
    return output.mime if body is None else f"{output.mime} {sha256(body).hexdigest()}"


CheckRun = Callable[[CheckContext], Awaitable[None]]

About: TypeAlias = Literal["capability", "functions", "backend"]


def _always(_rig: Rig, _capability: Capability[Any, Any]) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Check:
    """One promise of the contract. It raises AssertionError with what to do.

    `needs` returns whether it applies. `about` is what it says something of: capabilities with the same functions are
    alike to a check of "functions", and all of a backend to one of "backend".
    """

    name: str
    run: CheckRun
    needs: Callable[[Rig, Capability[Any, Any]], bool] = _always
    about: About = "capability"

    def subject(self, capability: Capability[Any, Any]) -> object:
        """Return what is checked, which is equal for capabilities that are alike."""
        if self.about == "functions":
            functions = (capability.start, capability.poll, capability.cancel)
            return tuple(one.func if isinstance(one, partial) else one for one in functions)
        return capability.name if self.about == "capability" else None


def check(
    name: str, *, needs: Callable[[Rig, Capability[Any, Any]], bool] = _always, about: About = "capability"
) -> Callable[[CheckRun], Check]:
    """Return a decorator that makes a check of a function."""
    return lambda run: Check(name=name, run=run, needs=needs, about=about)


def wired(rig: Rig, _capability: Capability[Any, Any]) -> bool:
    """Return whether there is a wire."""
    return rig.wire is not None


def polled(_rig: Rig, capability: Capability[Any, Any]) -> bool:
    """Return whether work is polled for."""
    return capability.poll is not None


def wired_and_polled(rig: Rig, capability: Capability[Any, Any]) -> bool:
    """Return whether there is a wire and work is polled for."""
    return rig.wire is not None and capability.poll is not None


def needs_key(rig: Rig, _capability: Capability[Any, Any]) -> bool:
    """Return whether a key is needed."""
    return bool(rig.backend.keys) and not rig.backend.key_optional
