"""The registry: what is installed is found, and a broken plug-in is a reason, never a crash."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from enum import Enum
from importlib import invalidate_caches
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from textwrap import dedent
from typing import Annotated, Any, Literal, Optional

import pytest
from pydantic import BaseModel, Field

from mediasmith.config.registry import ARGUMENTS, Registry, find_faults, load
from mediasmith.plugin.contract import Backend, Capability, Model, Params, Result, Takes
from mediasmith.plugin.params import INPUT_WORDS, WORDS, AspectRatio, Count, Seed

GOOD = """
from contextlib import asynccontextmanager
from dataclasses import replace
from mediasmith.plugin.contract import Backend, Capability, Model, Params, Result

async def start(call):
    return Result(outputs=())

@asynccontextmanager
async def connect(access):
    yield None

def make(name):
    draw = Capability(kind="image", name="draw", params=Params, models=(Model(id="m"),), start=start)
    return Backend(name=name, title=name, docs="", capabilities=(draw,), connect=connect)
"""

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install a distribution with one module and its entry points; nothing else is found by the registry."""
    own: list[str] = []

    def only_own(*, group: str) -> Sequence[EntryPoint]:
        return [point for point in entry_points(group=group) if point.dist and point.dist.name in own]

    def write(distribution: str, code: str, points: Mapping[str, str]) -> None:
        module = f"plugin_{distribution.replace('-', '_')}"
        monkeypatch.delitem(sys.modules, module, raising=False)
        folder = tmp_path / distribution
        info = folder / f"{distribution}-1.0.dist-info"
        info.mkdir(parents=True)
        (folder / f"{module}.py").write_text(GOOD + dedent(code))
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        lines = [f"{name} = {module}:{attribute}" for name, attribute in points.items()]
        (info / "entry_points.txt").write_text("\n".join(["[mediasmith.backends]", *lines]))
        monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
        invalidate_caches()
        own.append(distribution)

    monkeypatch.setattr("mediasmith.config.registry.entry_points", only_own)
    return write


async def start(_call: object) -> Result:
    return Result(outputs=())


def a_capability(**changes: Any) -> Capability[Any, Any]:
    made = Capability[Any, Any](kind="image", name="draw", params=Params, models=(Model(id="m"),), start=start)
    return dataclasses.replace(made, **changes)


def a_backend(*capabilities: Capability[Any, Any], name: str = "acme", aliases: tuple[str, ...] = ()) -> Backend[Any]:
    return Backend(
        name=name,
        title=name,
        docs="",
        capabilities=capabilities or (a_capability(),),
        connect=lambda _access: nullcontext(),
        aliases=aliases,
    )


def with_field(name: str, annotation: Any) -> Backend[Any]:
    return a_backend(a_capability(params=type("Made", (Params,), {"__annotations__": {name: annotation}})))


def test_without_plug_ins_the_registry_is_empty(install: Install) -> None:
    assert load() == Registry(backends={}, broken={})


def test_installed_backends_are_sorted_by_name(install: Install) -> None:
    install("zeta", "backend = make('beta')", {"beta": "backend"})
    install("alpha", "one, two = make('zulu'), make('alfa')", {"zulu": "one", "alfa": "two"})
    found = load()
    assert list(found.backends) == ["alfa", "beta", "zulu"]
    assert found.broken == {}


def test_only_the_named_backends_are_loaded(install: Install) -> None:
    install("alpha", "backend = make('alfa')", {"alfa": "backend"})
    install("noisy", "raise AssertionError('must not be imported')", {"noisy": "backend"})
    assert load(only=["ALFA"]) == load(only=("alfa",))
    assert list(load(only=["ALFA"]).backends) == ["alfa"]
    assert load(only=["ALFA"]).broken == {}


def test_a_requested_backend_that_is_not_installed_is_reported(install: Install) -> None:
    assert load(only=["acme"]).broken == {"acme": "no such backend is installed (installed: none)"}
    install("alpha", "backend = make('alfa')", {"alfa": "backend"})
    assert load(only=["acme", "alfa"]).broken == {"acme": "no such backend is installed (installed: alfa)"}


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import no_such_sdk", "ModuleNotFoundError: No module named 'no_such_sdk'"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("class Panic(BaseException): ...\nraise Panic('native\\ncode')", "Panic: native"),
        ("raise ValueError('x' * 5000)", f"ValueError: {'x' * 200}"),
        ("raise ValueError", "ValueError: "),
        ("x = 1", "AttributeError: module 'plugin_bad' has no attribute 'backend'"),
    ],
)
def test_a_plug_in_that_fails_to_load_is_reported(install: Install, code: str, reason: str) -> None:
    install("bad", code, {"bad": "backend"})
    install("good", "backend = make('good')", {"good": "backend"})
    found = load()
    assert list(found.backends) == ["good"]
    assert found.broken == {"bad": f"{reason} (while loading plugin_bad:backend of bad)"}


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("backend = 'acme'", "it is a str, not a Backend"),
        ("backend = make('other')", "its name is 'other', but that of its entry point is 'acme'"),
        (
            "backend = Backend(name='acme', title='', docs='', capabilities=(), connect=connect)",
            "it has no capabilities",
        ),
    ],
)
def test_a_plug_in_that_breaks_the_contract_is_reported(install: Install, code: str, reason: str) -> None:
    install("bad-acme", code, {"acme": "backend"})
    assert load() == Registry(backends={}, broken={"acme": f"{reason} (plugin_bad_acme:backend of bad-acme)"})


def test_a_plug_in_that_cannot_be_checked_is_reported(install: Install) -> None:
    install("bad", "backend = replace(make('acme'), capabilities=7)", {"acme": "backend"})
    assert load().broken["acme"].startswith("TypeError: ")


def test_ctrl_c_while_a_plug_in_loads_ends_the_server(install: Install) -> None:
    install("bad", "raise KeyboardInterrupt", {"bad": "backend"})
    with pytest.raises(KeyboardInterrupt):
        load()


def test_of_two_distributions_that_provide_one_backend_the_first_by_name_wins(install: Install) -> None:
    install("alpha", "backend = make('acme')", {"acme": "backend"})
    install("zeta", "raise AssertionError('must not be imported')", {"acme": "backend"})
    found = load()
    assert list(found.backends) == ["acme"]
    assert found.broken == {"acme": "zeta provides it too, but alpha comes first"}


def test_what_a_plug_in_prints_while_loading_goes_to_standard_error(
    install: Install, capfd: pytest.CaptureFixture[str]
) -> None:
    code = "import sys\nprint('hello')\nkept = sys.stdout\nbackend = make('acme')"
    install("alpha", code, {"acme": "backend"})
    assert list(load().backends) == ["acme"]
    out, err = capfd.readouterr()
    assert (out, err) == ("", "hello\n")
    print("still here")
    assert capfd.readouterr().out == "still here\n"


def test_a_backend_is_found_by_name_or_alias_ignoring_case() -> None:
    found = Registry(backends={"acme": a_backend(aliases=("Wile", "beta")), "beta": a_backend(name="beta")}, broken={})
    assert found.find("ACME") is found.backends["acme"]
    assert found.find(" wile ") is found.backends["acme"]
    assert found.find("beta") is found.backends["beta"], "a name goes before an alias"
    assert found.find("unknown") is None


def test_a_capability_is_found_by_the_names_in_a_record() -> None:
    found = Registry(backends={"acme": a_backend(a_capability(name="a"), a_capability(name="b"))}, broken={})
    assert found.capability("acme", "b") is found.backends["acme"].capabilities[1]
    assert found.capability("acme", "c") is None
    assert found.capability("gone", "b") is None


def test_a_sound_backend_has_no_faults() -> None:
    class Everything(Params):
        aspect_ratio: AspectRatio | None = None
        size: Annotated[str, Field(pattern="x")] | None = None
        duration: Literal[4, 8] | None = None
        quality: Optional[Literal["low", "high"]] = None  # noqa: UP045 - plug-ins may write it so
        background: Literal["opaque"] | str = "opaque"  # noqa: PYI051 - as above
        voices: tuple[str, ...] = ()
        speed: float | int = 1
        generate_audio: bool = True
        seed: Seed | None = None
        n: Count = 1
        own_option: Mapping[str, int] = Field(default_factory=dict[str, int])

    async def poll(_work: object, _handle: object) -> Result:
        return Result(outputs=())

    async def cancel(_work: object, _handle: object) -> None: ...

    async def choices(_client: object) -> Sequence[str]:
        return ()

    capability = a_capability(
        params=Everything,
        models=(Model(id="m", accepts={"n": (1,), "own_option": False}),),
        takes={"image": Takes()},
        edits="image",
        poll=poll,
        handle=Params,
        cancel=cancel,
        choices={"quality": choices},
    )
    assert list(find_faults(a_backend(capability), "acme")) == []


@pytest.mark.parametrize("name", ["a", "1st", "Acme", "ac-me", "a" * 33, "acme\n", ""])
def test_a_name_that_cannot_be_part_of_a_variable_is_a_fault(name: str) -> None:
    assert any("2 to 32 lower-case letters" in fault for fault in find_faults(a_backend(name=name), name))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"kind": "smell"}, "its kind 'smell' is unknown"),
        ({"models": ()}, "it has no models"),
        ({"cancel": start}, "it has cancel but no poll, so it never has a handle"),
        ({"poll": start}, "poll and handle need each other"),
        ({"takes": {"picture": Takes()}}, "it takes an unknown role 'picture'"),
        ({"edits": "image"}, "it edits in the role 'image', which it does not take"),
        ({"params": BaseModel}, "its params are not a subclass of Params"),
        (
            {"models": (Model(id="m", accepts={"size": False}),)},
            "its models, choices or not_inherited name 'size', which is not a field of its params",
        ),
        (
            {"not_inherited": ("extend",)},
            "its models, choices or not_inherited name 'extend', which is not a field of its params",
        ),
        (
            {"choices": {"voice": start}},
            "its models, choices or not_inherited name 'voice', which is not a field of its params",
        ),
    ],
)
def test_the_faults_of_a_capability_are_found(changes: dict[str, Any], fault: str) -> None:
    assert list(find_faults(a_backend(a_capability(**changes)), "acme")) == [f"capability 'draw': {fault}"]


def test_two_capabilities_with_the_same_name_are_a_fault() -> None:
    twice = a_backend(a_capability(), a_capability())
    assert list(find_faults(twice, "acme")) == ["two of its capabilities have the same name"]


@pytest.mark.parametrize("name", sorted(ARGUMENTS))
def test_a_parameter_with_the_name_of_a_tool_argument_is_a_fault(name: str) -> None:
    assert list(find_faults(with_field(name, str), "acme")) == [
        f"capability 'draw': its parameter '{name}' has the name of a tool argument"
    ]


def test_the_reserved_arguments_include_every_input_and_no_shared_parameter() -> None:
    assert set(INPUT_WORDS) <= ARGUMENTS
    assert not ARGUMENTS & set(WORDS)


class _Small(Enum):
    A = "a"


@pytest.mark.parametrize(
    ("word", "annotation"),
    [
        ("size", int),
        ("size", Literal["1K", 2]),
        ("size", str | int),
        ("size", list[str]),
        ("size", Any),
        ("size", _Small),
        ("duration", str),
        ("duration", Literal["5"]),
        ("duration", bool),
        ("seed", float),
        ("seed", bool | None),
        ("generate_audio", int),
        ("voices", str),
        ("voices", tuple[int, ...]),
        ("voices", Mapping[str, str]),
        ("voices", list),
    ],
)
def test_a_shared_parameter_of_another_type_is_a_fault(word: str, annotation: Any) -> None:
    assert list(find_faults(with_field(word, annotation), "acme")) == [
        f"capability 'draw': its parameter '{word}' is shared between backends and must be of type {WORDS[word].type}"
    ]
