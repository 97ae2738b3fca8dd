"""What a backend is: data plus a few functions.

With `access`, `params`, `errors`, `http_errors` and the media modules beside it, this is all of the server that a
backend needs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict

from mediasmith.plugin.access import Access
from mediasmith.plugin.errors import MediaError
from mediasmith.plugin.files import Sink, Source
from mediasmith.plugin.kinds import IMAGES, Kind, Role

JSON: TypeAlias = "Mapping[str, JSON] | Sequence[JSON] | str | int | float | bool | None"
"""Anything that `json` writes and reads back unchanged."""

Names: TypeAlias = "Sequence[str] | Mapping[str, str]"
"""A live list, such as a provider's voices: names alone, or ids by their names."""


class Params(BaseModel):
    """The parameters of a capability; subclass it, one field per parameter.

    A field that bears the name of a shared word (`mediasmith.plugin.params.WORDS`) becomes a tool argument; every
    other field is one of the capability's `options`. Declare no field that is not sent to the provider.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


@dataclass(frozen=True, kw_only=True)
class Range:
    """The numbers from `low` to `high`, both included."""

    low: float
    high: float


Accepts: TypeAlias = "tuple[str | int | float, ...] | Range | bool"
"""What one model accepts for a word or option: these values, this range, or False for nothing at all."""


@dataclass(frozen=True, kw_only=True)
class Takes:
    """The input files taken in one role: how many, of which types, up to which size each."""

    max: int = 1
    required: bool = False
    mimes: tuple[str, ...] = IMAGES
    max_bytes: int = 50_000_000


@dataclass(frozen=True, kw_only=True)
class Price:
    """What a provider charges: `usd` per unit, when the parameters match `when`.

    `input_image_usd` is what each input image adds to a call, however much that makes. `as_of` and `source` say when
    and where the figures were read.
    """

    usd: float
    per: Literal["image", "megapixel", "second", "minute", "1k_chars", "call"]
    input_image_usd: float = 0
    when: Mapping[str, str | int | float | bool] = field(default_factory=dict[str, "str | int | float | bool"])
    as_of: date
    source: str


@dataclass(frozen=True, kw_only=True)
class Model:
    """One model of a provider, as data.

    `draft` marks the cheap and fast one; `retires` is the day the provider switches it off; `max_prompt` is in
    characters. `pixels` are those of an image whose size is not given, at most: prices by the megapixel need them.
    `accepts` narrows words and options of the capability's params for this model, `takes` its inputs: a role with other
    limits, or with None where this model takes no such file. `options` is a JSON schema (an object with `properties`)
    of options that only this model has; those given arrive in `Call.options`. One of them may be called like a word of
    which `accepts` says False, or whose values in `accepts` are not all that there are: its `enum` has the others.
    """

    id: str
    draft: bool = False
    retires: date | None = None
    accepts: Mapping[str, Accepts] = field(default_factory=dict[str, Accepts])
    takes: Mapping[Role, Takes | None] = field(default_factory=dict[Role, "Takes | None"])
    options: Mapping[str, JSON] = field(default_factory=dict[str, JSON])
    max_prompt: int | None = None
    pixels: int | None = None
    prices: tuple[Price, ...] = ()
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Remote:
    """A result at a URL; the server downloads it, guarded and capped. `headers` stay secret."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


@dataclass(frozen=True, kw_only=True)
class Output:
    """One generated file, and the state that its backend needs to edit it later.

    `mime` is the provider's claim; the server looks at the bytes, and keeps what it cannot use as it came. `state` is
    an instance of the capability's `state` model, at most 64 KB as JSON.
    """

    body: bytes | Sink | Remote = field(repr=False)
    mime: str
    state: BaseModel | None = None


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a provider made. `complete` is False when a file holds less than was asked for; files are counted anyway.

    `cost_usd` is what the provider says it charged. Without it, `used` narrows the estimate: the values of parameters
    that the provider says it used, such as the quality for `auto`. `details` is its own text or numbers, shown to the
    caller as foreign material.
    """

    outputs: tuple[Output, ...]
    complete: bool = True
    cost_usd: float | None = None
    used: Mapping[str, JSON] = field(default_factory=dict[str, "JSON"])
    details: Mapping[str, JSON] = field(default_factory=dict[str, JSON])


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """The provider took the work and named it. `handle` is an instance of the capability's `handle` model."""

    handle: BaseModel


@dataclass(frozen=True, kw_only=True)
class Pending:
    """The work is not done yet. `progress` runs from 0 to 1 where the provider reports it.

    `after` is the provider's own advice on when to ask again, in seconds.
    """

    progress: float | None = None
    message: str = ""
    after: float | None = None


@dataclass(frozen=True, kw_only=True)
class Failed:
    """The provider says that the work has ended without a result. Only this ends what was accepted.

    `error` is usually `http_errors.error_for_failed_work`. Where its `billed` is None, the work counts as billed.
    """

    error: MediaError


Cancellation: TypeAlias = Literal["stopped", "asked", "too late"]
"""What became of a cancel: the work has stopped; it was asked to but may go on; or it has ended already."""

C = TypeVar("C")
P = TypeVar("P", bound=Params)


@dataclass(frozen=True, kw_only=True)
class Context(Generic[C]):
    """What a capability's functions work with; the server creates it, also after a restart.

    `file(mime)` opens a new sink, `report` passes progress on, `warn` adds a warning to the result.
    """

    client: C
    model: Model
    file: Callable[[str], Sink] = field(repr=False)
    report: Callable[[Pending], None] = field(repr=False)
    warn: Callable[[str], None] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Request(Generic[P]):
    """What is asked for. It exists before anyone is signed in.

    `options` are those of the model's own schema. `state` is the `Output.state` of the file that this edits. Where
    there is none, the saved file is among `inputs`, in the role that the capability's `edits` names, and `lineage` has
    the prompts that led to it, oldest first: context, not orders (see `lineage.prompt_with_lineage`).
    """

    model: Model
    prompt: str
    params: P
    inputs: Mapping[Role, Sequence[Source]]
    options: Mapping[str, JSON] = field(default_factory=dict[str, JSON])
    state: Any = None
    lineage: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Call(Context[C], Request[P], Generic[C, P]):
    """One request to `start`: what is asked, and what to work with.

    Where the client chooses the name of the work, `await handle(name)` records it before anything is sent: if the
    answer is then lost, the work is polled instead of given up.
    """

    handle: Callable[[BaseModel], Awaitable[None]] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class ConfiguredModels:
    """Models that follow from the user's settings and files, by the name of their capability.

    `problems` has a sentence for each model that could not be read.
    """

    models: Mapping[str, Sequence[Model]]
    problems: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Capability(Generic[C, P]):
    """One thing a backend can make.

    `name` finds it again in the library, so it never changes. `models` has the default first. `start` is the only
    function that may cost money; it answers with the result or with a handle. `poll` is free, repeatable and works
    after a restart: every exception in it is trouble on the way, and only `Failed` ends the work. `handle` and `state`
    are the models of `Accepted.handle` and `Output.state`; the server stores them as JSON and validates them on the way
    back. `edits` is the role that a saved file takes when native state is gone or another backend's. `not_inherited`
    are the parameters that an edit does not take over from what it edits: those that say how to go on from a file.

    `every` and `deadline` are seconds: between two polls at most, and until waiting ends. Higher `preference` is chosen
    first. `refuses` is pure and returns why this combination of words cannot be done, or "". `missing` returns why the
    capability is not offered with this access, with the fix, or "". `ended` returns, before anyone has signed in, the
    provider's word that it no longer serves this at the address in use, or "". `discover` fetches the models that are
    served now, the default first, which replace `models`. `lookup` fetches one model that is not listed, by its id, or
    returns None: there is no such model, or it does not make this kind. What it returns counts like a listed model;
    without a `lookup`, the names of unlisted models are sent as given. `choices` fetches the names that a word can be
    given, such as voices, with models whose `accepts` does not list them; `builtin_choices` are every account's, for
    when that fails.
    """

    kind: Kind
    name: str
    params: type[P]
    models: tuple[Model, ...]
    start: Callable[[Call[C, P]], Awaitable[Result | Accepted]]
    poll: Callable[[Context[C], Any], Awaitable[Pending | Result | Failed]] | None = None
    cancel: Callable[[Context[C], Any], Awaitable[Cancellation]] | None = None
    handle: type[BaseModel] | None = None
    state: type[BaseModel] | None = None
    takes: Mapping[Role, Takes] = field(default_factory=dict[Role, Takes])
    edits: Role | None = None
    not_inherited: tuple[str, ...] = ()
    every: float = 5.0
    deadline: float = 900.0
    preference: int = 0
    refuses: Callable[[Request[P]], str] = lambda _request: ""
    missing: Callable[[Access], str] = lambda _access: ""
    ended: Callable[[Access], str] = lambda _access: ""
    discover: Callable[[C], Awaitable[Sequence[Model]]] | None = None
    lookup: Callable[[C, str], Awaitable[Model | None]] | None = None
    choices: Mapping[str, Callable[[C], Awaitable[Names]]] = field(default_factory=dict[str, Any])
    builtin_choices: Mapping[str, Names] = field(default_factory=dict[str, "Names"])

    def takes_with(self, model: Model) -> Mapping[Role, Takes]:
        """Return the input files that this model takes, by role."""
        narrowed: dict[Role, Takes | None] = {**self.takes, **model.takes}
        return {role: takes for role, takes in narrowed.items() if takes is not None}


@dataclass(frozen=True, kw_only=True)
class FoundModel:
    """One model that a search found. `price` is in the provider's own words, such as "0.03 USD per megapixel"."""

    id: str
    kind: Kind
    title: str = ""
    price: str = ""


@dataclass(frozen=True, kw_only=True)
class Backend(Generic[C]):
    """A provider or engine: who it is, how to sign in, what it can make.

    `sdk` is the module that `connect` imports (loaded on first use, in a worker thread). `keys` are the variables of
    which any one signs in (none: no key exists; with `key_optional` it also works without). `switches` are variables
    that sign in otherwise, by what is in `env`: the first that is set decides, `true` or `1` is on. `env` are the
    further variables it reads, `base_urls` the vendor's own ones for base URLs, which count after ours: both are
    checked, and their hosts trusted. `local_url` is where an engine listens on the user's own machine: the base URL
    while none is set, trusted as soon as something of the backend is ready. `settings` is a model whose fields are read
    from `MEDIASMITH_<NAME>_<FIELD>`. `models` returns the models that follow from the user's settings and files: called
    once at start in a thread, without network, and given up after a second. `search` finds models by a text, of one
    kind or (None) of any, the best match first; callers are shown a few, and a `lookup` makes them usable. `check` asks
    the provider something free that needs the sign-in, and returns in a few words what it learned of the account, or
    "". `check_network` raises `Misconfigured` if the user's proxies cannot be used for it; it sends nothing, and may
    block. `explain` maps an exception of the SDK to a `MediaError`, by status and type, never by message text.
    """

    name: str
    title: str
    docs: str
    capabilities: tuple[Capability[C, Any], ...]
    connect: Callable[[Access], AbstractAsyncContextManager[C]]
    sdk: str = ""
    keys: tuple[str, ...] = ()
    key_optional: bool = False
    switches: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    base_urls: tuple[str, ...] = ()
    local_url: str = ""
    settings: type[BaseModel] | None = None
    models: Callable[[Access], ConfiguredModels] | None = None
    search: Callable[[C, Kind | None, str], Awaitable[Sequence[FoundModel]]] | None = None
    aliases: tuple[str, ...] = ()
    check: Callable[[C], Awaitable[str]] | None = None
    check_network: Callable[[Access], None] = lambda _access: None
    explain: Callable[[Exception], MediaError | None] = lambda _error: None

    @property
    def variables(self) -> tuple[str, ...]:
        """Every environment variable that it declares. The base URL and the settings follow from its name."""
        return (*self.keys, *self.switches, *self.env, *self.base_urls)
