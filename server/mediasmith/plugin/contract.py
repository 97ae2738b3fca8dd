"""What a backend is: data plus a few functions.

With `params`, `errors`, `media`, `audio` and `dialogue` this is all of the server that a plug-in needs.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import date
from typing import Any, BinaryIO, Generic, Literal, Protocol, TypeAlias, TypeVar, get_args

from pydantic import BaseModel, ConfigDict

from mediasmith.plugin.errors import MediaError

JSON: TypeAlias = "Mapping[str, JSON] | Sequence[JSON] | str | int | float | bool | None"
"""Anything that `json` writes and reads back unchanged."""

Kind = Literal[
    "image",
    "video",
    "speech",
    "dialogue",
    "music",
    "sound_effect",
    "voice_conversion",
    "audio_isolation",
    "voice_design",
    "voice_clone",
    "dubbing",
]
"""What a caller can ask for."""

KINDS: tuple[Kind, ...] = get_args(Kind)
"""Every kind, in the order they are listed to callers."""

MediaType = Literal["image", "video", "audio"]
"""The family of a file."""

Role = Literal[
    "image",
    "mask",
    "first_frame",
    "last_frame",
    "style_image",
    "control_image",
    "subject_image",
    "audio",
    "video",
    "voice_sample",
]
"""What an input file is for."""

IMAGES = ("image/png", "image/jpeg", "image/webp")
"""The still image types that every part of the server can read."""


Names: TypeAlias = "Sequence[str] | Mapping[str, str]"
"""What a provider lists for people to name, such as its voices: names alone, or ids by their names."""


class Params(BaseModel):
    """The parameters of a capability; subclass it, one field per parameter.

    A field that bears the name of a shared word (`mediasmith.plugin.params.WORDS`) becomes a tool argument; every
    other field is one of the capability's `options`. Declare no field that is not sent to the provider.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, kw_only=True)
class Range:
    """The numbers from `low` to `high`, both included."""

    low: float
    high: float


Accepts: TypeAlias = "tuple[str | int | float, ...] | Range | bool"
"""What one model takes of a word: these values, this range, or (False) nothing at all."""


@dataclass(frozen=True, kw_only=True)
class Price:
    """What a provider charges: `usd` per unit, when the parameters are as `when` says.

    `input_image_usd` is what each input image adds to a call, however much that makes. `as_of` and `source` say when
    and where the figures were read.
    """

    usd: float
    per: Literal["image", "second", "minute", "1k_chars", "call"]
    input_image_usd: float = 0
    when: Mapping[str, str | int | float | bool] = field(default_factory=dict[str, "str | int | float | bool"])
    as_of: date
    source: str


@dataclass(frozen=True, kw_only=True)
class Model:
    """One model of a provider, as data.

    `draft` marks the cheap and fast one; `retires` is the day the provider switches it off; `accepts` narrows
    the words of the capability's params for this model; `max_prompt` is in characters.
    """

    id: str
    draft: bool = False
    retires: date | None = None
    accepts: Mapping[str, Accepts] = field(default_factory=dict[str, Accepts])
    max_prompt: int | None = None
    prices: tuple[Price, ...] = ()
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Takes:
    """The input files a capability takes in one role: how many, of which types, up to which size each."""

    max: int = 1
    required: bool = False
    mimes: tuple[str, ...] = IMAGES
    max_bytes: int = 50_000_000


class Source(Protocol):
    """An input file: found, confined to the allowed folders, and checked before a backend sees it."""

    @property
    def name(self) -> str:
        """A file name with the extension of its true type; never a path."""
        ...

    @property
    def mime(self) -> str:
        """The type its first bytes say it has."""
        ...

    @property
    def size(self) -> int:
        """Bytes."""
        ...

    @property
    def dimensions(self) -> tuple[int, int] | None:
        """Width and height in pixels of a still image, else None."""
        ...

    def open(self) -> BinaryIO:
        """Open it for reading; blocking, so call it in a worker thread or hand it to the SDK."""
        ...

    async def read(self) -> bytes:
        """The whole file."""
        ...

    async def data_uri(self) -> str:
        """The whole file as a base64 `data:` URI."""
        ...


class Sink(Protocol):
    """A file of the server's that is being written; keep it in an `Output` to make it a result."""

    async def write(self, data: bytes) -> None:
        """Append bytes."""
        ...

    async def write_all(self, chunks: AsyncIterable[bytes]) -> None:
        """Append everything that comes."""
        ...


@dataclass(frozen=True, kw_only=True)
class Remote:
    """A result that waits at a URL; the server fetches it, guarded and capped. `headers` stay secret."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


@dataclass(frozen=True, kw_only=True)
class Output:
    """One file that was made, and what its backend needs to edit it later.

    `mime` is the provider's claim; the server looks at the bytes. `state` is JSON of at most 64 KB.
    """

    body: bytes | Sink | Remote = field(repr=False)
    mime: str
    state: JSON = None


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a provider made. `complete` is False when it made less than it was asked for: fewer files, or a part of one.

    `cost_usd` is what the provider says it charged; `details` is its own text or numbers, shown to the caller
    as foreign material.
    """

    outputs: tuple[Output, ...]
    complete: bool = True
    cost_usd: float | None = None
    details: Mapping[str, JSON] = field(default_factory=dict[str, JSON])


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """The provider took the work and named it. `handle` is all that `poll` needs, also after a restart."""

    handle: JSON


@dataclass(frozen=True, kw_only=True)
class Pending:
    """Not done yet. `progress` runs from 0 to 1 where the provider tells it."""

    progress: float | None = None
    message: str = ""


C = TypeVar("C")
P = TypeVar("P", bound=Params)


@dataclass(frozen=True, kw_only=True)
class Context(Generic[C]):
    """What a capability's functions are given; it also exists after a restart. The server creates it.

    `file(mime)` opens a new sink, `report` passes progress on, `warn` adds a warning to the result.
    """

    client: C
    model: Model
    file: Callable[[str], Sink] = field(repr=False)
    report: Callable[[Pending], None] = field(repr=False)
    warn: Callable[[str], None] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Request(Generic[P]):
    """What is asked for, before anyone is signed in.

    `state` is what an earlier file's `Output.state` said when this edits that file. When it edits a file without
    native state, the saved file is among `inputs` in the capability's `edits` role.
    """

    model: Model
    prompt: str
    params: P
    inputs: Mapping[Role, Sequence[Source]]
    state: JSON = None


@dataclass(frozen=True, kw_only=True)
class Call(Context[C], Request[P], Generic[C, P]):
    """One request to `start`: what is asked, and what to work with."""


@dataclass(frozen=True, kw_only=True)
class Access:
    """How to sign in: the key (empty where there is none), the backend's declared variables, its base URL.

    `switched` says whether to sign in otherwise than with the key.
    """

    key: str = field(repr=False)
    env: Mapping[str, str] = field(repr=False)
    base_url: str
    switched: bool = False


def _never_refuses(_ask: Request[Any]) -> str:
    return ""


def _never_missing(_access: Access) -> str:
    return ""


@dataclass(frozen=True, kw_only=True)
class Capability(Generic[C, P]):
    """One thing a backend can make.

    `name` finds it again in the library, so it never changes. `models` has the default first. `start` is the only
    function that may be paid for; it answers with the result or with a handle. `poll` is free, repeatable and works
    after a restart. `edits` is the role that a saved file takes when native state is gone or another backend's. `once`
    are the parameters that an edit does not take over from what it edits: those that say how to go on from a file.

    `every` and `deadline` are seconds: between polls, and until waiting ends. Higher `preference` is chosen first.
    `refuses` is pure and says why this combination of words cannot be done, or nothing. `missing` says why the
    capability is not offered with this access, with the fix, or nothing. `discover` and `choices` fetch live lists:
    models, and for a word the names it can be given, each with its id where that can be given as well.
    """

    kind: Kind
    name: str
    params: type[P]
    models: tuple[Model, ...]
    start: Callable[[Call[C, P]], Awaitable[Result | Accepted]]
    poll: Callable[[Context[C], JSON], Awaitable[Pending | Result]] | None = None
    cancel: Callable[[Context[C], JSON], Awaitable[None]] | None = None
    takes: Mapping[Role, Takes] = field(default_factory=dict[Role, Takes])
    edits: Role | None = None
    not_inherited: tuple[str, ...] = ()
    every: float = 5.0
    deadline: float = 900.0
    preference: int = 0
    refuses: Callable[[Request[P]], str] = _never_refuses
    missing: Callable[[Access], str] = _never_missing
    discover: Callable[[C], Awaitable[Sequence[Model]]] | None = None
    choices: Mapping[str, Callable[[C], Awaitable[Names]]] = field(
        default_factory=dict[str, Callable[[C], Awaitable[Names]]]
    )


@dataclass(frozen=True, kw_only=True)
class Backend(Generic[C]):
    """A provider: who it is, how to sign in, what it can make.

    `sdk` is the module that `connect` imports (loaded on first use, in a worker thread), `keys` the variables of
    which any one signs in (none: no key is needed), `switches` those that sign in otherwise, by what is in `env`: the
    first that is set decides, `true` or `1` is on. `env` are the further variables it reads. `explain` maps an
    exception of the SDK to a `MediaError`, by status and type, never by message text.
    """

    name: str
    title: str
    docs: str
    capabilities: tuple[Capability[C, Any], ...]
    connect: Callable[[Access], AbstractAsyncContextManager[C]]
    sdk: str = ""
    keys: tuple[str, ...] = ()
    switches: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    explain: Callable[[Exception], MediaError | None] = lambda _error: None

    @property
    def variables(self) -> tuple[str, ...]:
        """Every variable of the environment that it is given, but for its base URL."""
        return (*self.keys, *self.switches, *self.env)


MEDIA_TYPES: Mapping[Kind, MediaType] = {
    kind: "image" if kind == "image" else "video" if kind == "video" else "audio" for kind in KINDS
}
"""The media type each kind belongs to."""
