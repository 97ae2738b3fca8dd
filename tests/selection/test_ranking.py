"""Which backend and model are chosen, what is left out with a warning, and what every refusal says."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Annotated, Any, BinaryIO, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, model_validator

from fakes.backends import AnyJson
from fakes.declared import ELEVENLABS, GOOGLE, INSTALLED, OPENAI, OPENROUTER, SKETCH, XAI, Nothing, backend, capability
from mediasmith.config.tool_schemas import field_schemas
from mediasmith.plugin.contract import JSON, Accepts, Backend, Capability, Model, Params, Range, Request, Takes
from mediasmith.plugin.errors import InvalidRequest, MissingKey, NothingSuitable
from mediasmith.plugin.kinds import Kind, Role
from mediasmith.plugin.params import WORDS, AspectRatio, Count, Seed
from mediasmith.selection.candidate import Candidate
from mediasmith.selection.matching import match_saved_file
from mediasmith.selection.ranking import SelectionContext, select
from mediasmith.selection.selection_request import Origin, SelectionRequest

TODAY = date(2026, 11, 20)
M = Model(id="m")


@dataclass(frozen=True)
class File:
    """An input file as the selector looks at it: by name, type and size."""

    name: str = "fox.png"
    mime: str = "image/png"
    size: int = 1_000
    dimensions: tuple[int, int] | None = (64, 64)

    def open(self) -> BinaryIO:
        raise AssertionError("the selector opens no files")

    async def read(self) -> bytes:
        raise AssertionError("the selector reads no files")

    async def data_uri(self) -> str:
        raise AssertionError("the selector reads no files")


class Picture(Params):
    aspect_ratio: AspectRatio | None = None
    size: Literal["1K", "2K", "4K"] | None = None
    background: Literal["opaque", "transparent"] | None = None
    quality: Literal["low", "high"] | None = None
    duration: Annotated[float, Field(ge=1, le=10)] | None = None
    seed: Seed | None = None
    n: Count = 1
    style: Literal["vivid", "natural"] | None = None
    strength: Annotated[float, Field(ge=0, le=1)] | None = None


class Bare(Params):
    size: Literal["1K", "2K"] | None = None


FOX, OWL = File(), File(name="owl.png")
EDITED = File(name="earlier.png")


def one(params: type[Params] = Picture, *models: Model, kind: Kind = "image", **more: Any) -> Capability[None, Any]:
    return replace(capability(kind, params), **{"models": models or (M,), **more})


def maker(name: str, params: type[Params] = Picture, *models: Model, **more: Any) -> Backend[None]:
    """A signed-in provider of one capability."""
    return backend(name, one(params, *models, **more))


def sketch(**more: Any) -> Backend[None]:
    return backend("sketch", one(Picture, preference=-1, **more), keyed=False)


def request_for(kind: Kind = "image", prompts: tuple[str, ...] = ("a fox",), **more: Any) -> SelectionRequest:
    return SelectionRequest(kind=kind, prompts=prompts, **more)


def having(*backends: Backend[None], missing: Mapping[str, str] | None = None, **more: Any) -> SelectionContext:
    return SelectionContext(backends=backends, missing=missing or {}, today=TODAY, **more)


def chosen(asked: SelectionRequest, installed: SelectionContext) -> list[str]:
    return [f"{choice.backend.name}:{choice.model.id}" for choice in select(asked, installed)]


def first(asked: SelectionRequest, *backends: Backend[None]) -> Candidate:
    return select(asked, having(*backends))[0]


def refusal(asked: SelectionRequest, *backends: Backend[None]) -> str:
    """Why a named backend cannot."""
    with pytest.raises(InvalidRequest) as caught:
        select(asked, having(*backends))
    assert caught.value.billed == "no"
    return caught.value.message


def reasons(asked: SelectionRequest, installed: SelectionContext) -> Mapping[str, str]:
    """Why each backend was passed over."""
    with pytest.raises(NothingSuitable) as caught:
        select(asked, installed)
    for name, reason in caught.value.passed_over.items():
        assert re.search(rf"\b{name}(, \w+)*: {re.escape(reason)}", str(caught.value))
    return caught.value.passed_over


def accepting(**accepts: Accepts) -> Model:
    return Model(id="m", accepts=accepts)


def edit_of(
    made_by: str,
    *,
    capability: str = "image",
    native: bool = False,
    file: File | None = EDITED,
    **more: Any,
) -> Origin:
    """What an edit of this backend's file continues from; `native`: the backend keeps state of its own for it."""
    state = more.pop("state", {"id": "r1"}) if native else None
    return Origin(backend=made_by, capability=capability, model="m", state=state, file=file, **more)


# Words, binding and advisory


def test_auto_prefers_a_backend_that_takes_every_word() -> None:
    asked = request_for(words={"size": "1K", "seed": 7})
    choices = select(asked, having(maker("bare", Bare), maker("full")))
    assert [choice.backend.name for choice in choices] == ["full", "bare"]
    assert choices[0].values == {"size": "1K", "seed": 7}
    assert choices[0].warnings == ()


def test_auto_leaves_out_an_advisory_word_that_nobody_takes_and_says_so() -> None:
    choice = first(request_for(words={"size": "1K", "seed": 7}), maker("bare", Bare))
    assert choice.values == {"size": "1K"}
    assert choice.warnings == ("bare does not take seed; it was left out.",)
    assert choice.lacks == 1


def test_auto_passes_over_a_backend_that_lacks_a_binding_word() -> None:
    assert chosen(request_for(words={"aspect_ratio": "1:1"}), having(maker("bare", Bare), maker("full"))) == ["full:m"]
    assert chosen(request_for(words={"size": "4K"}), having(maker("bare", Bare), maker("full"))) == ["full:m"]


@pytest.mark.parametrize("word", [word for word in WORDS if word != "n"])
def test_a_word_is_binding_or_advisory_as_declared(word: str) -> None:
    named, auto = request_for(backend="none", words={word: "x"}), request_for(words={word: "x"})
    none = maker("none", Nothing)
    if WORDS[word].binding:
        assert refusal(named, none) == f"none cannot do this: does not take {word}."
        assert reasons(auto, having(none)) == {"none": f"does not take {word}"}
    else:
        for asked in (named, auto):
            assert first(asked, none).warnings == (f"none does not take {word}; it was left out.",)


def test_a_named_backend_refuses_a_binding_value_with_the_accepted_ones() -> None:
    def named(**words: Any) -> str:
        return refusal(request_for(backend="full", words=words), maker("full"))

    assert named(size="8K") == "full cannot do this: takes size 1K, 2K, 4K."
    assert named(duration=0.5) == "full cannot do this: takes duration from 1 to 10."
    assert named(duration=11) == "full cannot do this: takes duration from 1 to 10."
    assert "aspect_ratio" in named(aspect_ratio="wide")
    for fine in (1, 10):
        assert first(request_for(backend="full", words={"duration": fine}), maker("full")).values == {"duration": fine}


def test_a_named_backend_leaves_out_an_advisory_value_it_does_not_take() -> None:
    choice = first(request_for(backend="full", words={"quality": "max", "size": "1K"}), maker("full"))
    assert choice.values == {"size": "1K"}
    assert choice.warnings == ("full takes quality low, high; it was left out.",)


def test_inherited_words_are_advisory() -> None:
    asked = request_for(inherited={"aspect_ratio": "1:1", "size": "2K"})
    for named in ("", "bare"):
        choice = first(replace(asked, backend=named), maker("bare", Bare))
        assert choice.values == {"size": "2K"}
        assert choice.warnings == ("bare does not take aspect_ratio; it was left out.",)
    assert chosen(asked, having(maker("bare", Bare), maker("full"))) == ["full:m", "bare:m"]


def test_a_word_given_now_replaces_the_inherited_one_and_is_binding() -> None:
    asked = request_for(inherited={"size": "1K"}, words={"size": "2K"})
    assert first(asked, maker("full")).values == {"size": "2K"}
    assert "takes size" in refusal(replace(asked, backend="full", words={"size": "8K"}), maker("full"))


def test_inherited_words_that_clash_are_left_out_with_a_warning() -> None:
    class Strict(Picture):
        @model_validator(mode="after")
        def check(self) -> Strict:
            if self.size and self.aspect_ratio:
                raise ValueError("size and aspect_ratio exclude each other")
            return self

    asked = request_for(backend="strict", inherited={"size": "1K"}, words={"aspect_ratio": "1:1"})
    choice = first(asked, maker("strict", Strict))
    assert choice.values == {"aspect_ratio": "1:1"}
    assert choice.warnings == ("The earlier size was left out (strict: size and aspect_ratio exclude each other).",)
    both = request_for(backend="strict", words={"size": "1K", "aspect_ratio": "1:1"})
    assert refusal(both, maker("strict", Strict)) == (
        "strict cannot do this: size and aspect_ratio exclude each other."
    )
    assert chosen(replace(asked, backend=""), having(maker("strict", Strict), maker("full"))) == ["full:m", "strict:m"]


def test_an_inherited_word_that_was_replaced_is_not_reported_as_left_out() -> None:
    asked = request_for(backend="full", inherited={"size": "1K"}, words={"size": "8K"})
    assert refusal(asked, maker("full")) == "full cannot do this: takes size 1K, 2K, 4K."


# Options


def test_an_option_is_binding_and_the_closest_name_is_offered() -> None:
    def named(options: Mapping[str, JSON], params: type[Params] = Picture) -> str:
        return refusal(request_for(backend="full", options=options), maker("full", params))

    assert "has no option 'stile' (Did you mean style?)" in named({"stile": "vivid"})
    assert "has no option 'zzz' (Known: style, strength.)" in named({"zzz": 1})
    assert "has no option 'zzz' (It has none.)" in named({"zzz": 1}, Nothing)
    assert "takes seed as an argument, not as an option" in named({"seed": 1})
    assert "takes style vivid, natural" in named({"style": "gothic"})
    assert "takes strength from 0 to 1" in named({"strength": 1.5})
    assert "strength" in named({"strength": "strong"})
    assert len(named({"x" * 1_000_000: 1})) < 300


def test_auto_passes_over_a_backend_without_the_option() -> None:
    asked = request_for(options={"style": "vivid"})
    choices = select(asked, having(maker("bare", Bare), maker("full")))
    assert [choice.backend.name for choice in choices] == ["full"]
    assert choices[0].values == {"style": "vivid"}


def test_a_value_that_is_wrong_in_many_places_gives_a_short_refusal() -> None:
    class Listing(Params):
        weights: list[float] = Field(default=[])

    asked = request_for(backend="full", options={"weights": ["x"] * 10_000})
    text = refusal(asked, maker("full", Listing))
    assert "weights.0" in text
    assert len(text) < 400


# What a model accepts


def test_the_case_of_a_model_that_is_listed_does_not_matter() -> None:
    listed = maker("one", Picture, Model(id="One-Large"), M)
    assert first(request_for(model="one-large"), listed).model.id == "One-Large"
    assert first(request_for(model="one-other", backend="one"), listed).model.id == "one-other"


def test_a_model_may_take_only_some_values() -> None:
    model = accepting(size=("1K", "2K"), duration=Range(low=4, high=8), style=("vivid",), strength=False)

    def named(words: Mapping[str, Any], options: Mapping[str, Any]) -> str:
        return refusal(request_for(backend="full", words=words, options=options), maker("full", Picture, model))

    assert named({"size": "4K"}, {}) == "full cannot do this: takes size 1K, 2K with m."
    assert named({"duration": 3.9}, {}) == "full cannot do this: takes duration from 4 to 8 with m."
    assert named({"duration": 8.1}, {}) == "full cannot do this: takes duration from 4 to 8 with m."
    assert named({}, {"style": "natural"}) == "full cannot do this: takes style vivid with m."
    assert named({}, {"strength": 0.5}) == "full cannot do this: does not take strength with m."
    for seconds in (4, 8):
        fine = request_for(words={"size": "2K", "duration": seconds}, options={"style": "vivid"})
        values = {"size": "2K", "duration": seconds, "style": "vivid"}
        assert first(fine, maker("full", Picture, model)).values == values
    assert first(request_for(words={"size": "4K"}), maker("full", Picture, accepting(size=True))).values == {
        "size": "4K"
    }


def test_a_model_that_takes_no_seed_leaves_it_out_with_a_warning() -> None:
    choice = first(request_for(words={"seed": 7}), maker("full", Picture, accepting(seed=False)))
    assert choice.warnings == ("full does not take seed with m; it was left out.",)


def test_the_next_model_is_used_when_the_default_does_not_take_the_words() -> None:
    small = Model(id="small", accepts={"size": ("1K",), "seed": False})
    models = (small, Model(id="big"))
    assert chosen(request_for(words={"size": "4K"}), having(maker("full", Picture, *models))) == ["full:big"]
    assert chosen(request_for(words={"seed": 1}), having(maker("full", Picture, *models))) == ["full:big", "full:small"]
    assert chosen(request_for(), having(maker("full", Picture, *models))) == ["full:small", "full:big"]


def test_the_longest_prompt_must_fit_the_model() -> None:
    model = Model(id="m", max_prompt=10)
    assert chosen(request_for(prompts=("x" * 10,)), having(maker("full", Picture, model))) == ["full:m"]
    text = refusal(request_for(backend="full", prompts=("a", "x" * 1_100)), maker("full", Picture, model))
    assert "takes prompts of at most 10 characters with m; this one has 1,100" in text


# Input files


def test_input_files_must_be_taken_in_their_role_number_type_and_size() -> None:
    takes: dict[Role, Takes] = {"image": Takes(max=2, mimes=("image/png",), max_bytes=1_000)}

    def named(**inputs: tuple[File, ...]) -> str:
        return refusal(request_for(backend="full", inputs=inputs), maker("full", takes=takes))

    assert named(mask=(FOX,)) == "full cannot do this: does not take mask."
    assert named(style_image=(FOX,)) == "full cannot do this: does not take style_image."
    assert named(image=(FOX, FOX, FOX)) == "full cannot do this: takes at most 2 image."
    assert named(image=(FOX, replace(FOX, mime="image/gif"))) == (
        "full cannot do this: takes image as image/png, and fox.png is image/gif: convert it."
    )
    assert named(image=(replace(FOX, size=1_001),)) == (
        "full cannot do this: takes image up to 1,000 bytes, and fox.png has 1,001."
    )
    assert first(request_for(inputs={"image": (FOX, OWL)}), maker("full", takes=takes)).inputs == {"image": (FOX, OWL)}


def test_a_required_input_must_be_there() -> None:
    takes: dict[Role, Takes] = {"audio": Takes(required=True)}
    assert refusal(request_for(backend="full"), maker("full", takes=takes)) == "full cannot do this: needs audio."
    assert refusal(request_for(backend="full", inputs={"audio": ()}), maker("full", takes=takes)).endswith(
        "needs audio."
    )
    assert first(request_for(inputs={"audio": (FOX,)}), maker("full", takes=takes))


# Rules across words


def no_transparent_jungle(ask: Request[Picture]) -> str:
    if ask.params.background == "transparent" and "jungle" in ask.prompt and ask.model.id == "m" and ask.inputs:
        return "no transparent jungle"
    return ""


def no_style_at_night(ask: Request[Picture]) -> str:
    return "no style at night" if ask.params.style and "night" in ask.prompt else ""


def three_at_a_time_in_4k(ask: Request[Picture]) -> str:
    return "4K is made three at a time" if ask.params.size == "4K" and ask.params.n > 3 else ""


def test_a_rule_sees_model_words_files_and_every_prompt() -> None:
    full = maker("full", takes={"image": Takes()}, refuses=no_transparent_jungle)
    asked = request_for(prompts=("a fox", "a jungle"), words={"background": "transparent"}, inputs={"image": (FOX,)})
    assert reasons(asked, having(full)) == {"full": "no transparent jungle"}
    assert refusal(replace(asked, backend="full"), full) == "full cannot do this: no transparent jungle."
    for other in (replace(asked, prompts=("a fox",)), replace(asked, words={}), replace(asked, inputs={})):
        assert chosen(other, having(full)) == ["full:m"]
    assert chosen(asked, having(full, maker("other", takes={"image": Takes()}))) == ["other:m"]


def needs_state_or_file(ask: Request[Picture]) -> str:
    return "" if ask.state == AnyJson({"id": "r1"}) or ask.inputs.get("image") else "needs something to go on from"


def test_a_rule_sees_native_state_or_the_saved_file() -> None:
    full = maker("a", takes={"image": Takes()}, edits="image", refuses=needs_state_or_file)
    native = edit_of("a", native=True, state={"id": "r1"})
    assert first(request_for(origin=native), full).inputs == {}
    assert first(request_for(origin=replace(native, state=None)), full).inputs == {"image": (EDITED,)}
    assert reasons(request_for(), having(full)) == {"a": "needs something to go on from"}


def test_native_state_is_shown_to_nobody_but_its_maker() -> None:
    seen: dict[str, object] = {}

    def rule(name: str) -> Callable[[Request[Picture]], str]:
        def look(ask: Request[Picture]) -> str:
            seen[name] = ask.state
            return ""

        return look

    made, other = (maker(name, takes={"image": Takes()}, edits="image", refuses=rule(name)) for name in ("a", "b"))
    assert select(request_for(origin=edit_of("a", native=True, state="secret")), having(made, other))
    assert seen == {"a": AnyJson("secret"), "b": None}


def broken_rule(_ask: Request[Picture]) -> str:
    raise KeyError("/home/someone/plug-in.py")


def test_a_rule_that_breaks_stops_no_other_backend() -> None:
    broken = maker("broken", refuses=broken_rule)
    assert chosen(request_for(), having(broken, maker("other"))) == ["other:m"]
    assert reasons(request_for(), having(broken)) == {"broken": "failed to check this (KeyError)"}


def test_a_rule_about_how_many_lowers_the_files_of_one_call() -> None:
    full = maker("full", refuses=three_at_a_time_in_4k)
    assert first(request_for(words={"size": "4K"}), full).per_call == 3
    assert first(request_for(words={"size": "1K"}), full).per_call == 10


@pytest.mark.parametrize(
    ("params", "accepts", "per_call"),
    [
        (Bare, True, 1),
        (Picture, True, 10),
        (Picture, False, 1),
        (Picture, Range(low=1, high=4), 4),
        (Picture, Range(low=1, high=99), 10),
        (Picture, (1, 2), 2),
        (Picture, (1,), 1),
    ],
)
def test_one_call_makes_as_many_files_as_params_and_model_allow(
    params: type[Params], accepts: Accepts, per_call: int
) -> None:
    choice = first(request_for(), maker("full", params, accepting(n=accepts)))
    assert choice.per_call == per_call
    assert choice.params(per_call)


def test_the_params_of_a_call_have_its_number_of_files_and_a_seed_of_its_own() -> None:
    choice = first(request_for(words={"seed": 7, "size": "1K"}), maker("full"))
    assert choice.params(4) == Picture(size="1K", seed=7, n=4)
    assert choice.params(2, first=4) == Picture(size="1K", seed=11, n=2)
    assert first(request_for(words={"seed": 2**32 - 1}), maker("full")).params(1, first=1) == Picture(seed=0)
    assert first(request_for(words={"size": "1K"}), maker("bare", Bare)).params(1, first=3) == Bare(size="1K")


def test_a_seed_stays_within_the_bounds_of_its_backend() -> None:
    class Narrow(Params):
        seed: Annotated[int, Field(ge=0, le=99)] | None = None

    assert first(request_for(words={"seed": 99}), maker("narrow", Narrow)).params(1, first=2) == Narrow(seed=1)


# Models


def test_a_named_model_leads_to_the_backend_that_lists_it() -> None:
    installed = having(maker("a", Picture, Model(id="x")), maker("b", Picture, Model(id="y"), Model(id="z")))
    assert chosen(request_for(model="z"), installed) == ["b:z"]
    assert reasons(request_for(model="nope"), installed) == {"a": "has no model 'nope'", "b": "has no model 'nope'"}


def test_a_named_model_is_never_replaced() -> None:
    full = maker("full", Picture, Model(id="x", accepts={"size": ("1K",)}), Model(id="y"))
    asked = request_for(model="x", words={"size": "4K"})
    assert reasons(asked, having(full)) == {"full": "takes size 1K with x"}
    assert refusal(replace(asked, backend="full"), full) == "full cannot do this: takes size 1K with x."


def test_an_unlisted_model_of_a_named_backend_is_sent_with_a_warning() -> None:
    (choice,) = select(request_for(backend="full", model="brand-new"), having(maker("full")))
    assert choice.model == Model(id="brand-new")
    assert choice.warnings == ("full does not list a model 'brand-new'; the name was sent as given.",)
    (choice,) = select(request_for(backend="full", model="x" * 1_000_000), having(maker("full")))
    assert len(choice.warnings[0]) < 200


def test_a_model_is_used_with_the_capability_that_lists_it() -> None:
    twin = backend("twin", one(Picture, Model(id="x"), name="a"), one(Bare, Model(id="y"), name="b"))
    for asked in (request_for(model="y"), request_for(model="y", backend="twin")):
        (choice,) = select(asked, having(twin))
        assert (choice.capability.name, choice.model.id, choice.warnings) == ("b", "y", ())
    assert chosen(request_for(), having(twin, defaults={"image": "twin:y"})) == ["twin:y", "twin:x"]


def test_a_draft_prefers_the_draft_models() -> None:
    full = maker("full", Picture, Model(id="best"), Model(id="cheap", draft=True), Model(id="good"))
    assert chosen(request_for(), having(full)) == ["full:best", "full:cheap", "full:good"]
    assert chosen(request_for(draft=True), having(full)) == ["full:cheap", "full:best", "full:good"]
    assert [choice.warnings for choice in select(request_for(draft=True), having(full))] == [
        (),
        ("Model best is not marked as a draft model.",),
        ("Model good is not marked as a draft model.",),
    ]


def test_a_draft_does_not_use_the_configured_or_the_earlier_model() -> None:
    full = maker("full", Picture, M, Model(id="cheap", draft=True), takes={"image": Takes()}, edits="image")
    installed = having(full, defaults={"image": "full:m"})
    assert chosen(request_for(draft=True), installed)[0] == "full:cheap"
    assert chosen(request_for(draft=True, origin=edit_of("full")), having(full))[0] == "full:cheap"


def test_a_retired_model_is_skipped_and_the_answer_says_so() -> None:
    gone = Model(id="old", retires=TODAY)
    choices = select(request_for(), having(maker("full", Picture, gone, Model(id="new"))))
    assert [choice.model.id for choice in choices] == ["new"]
    assert choices[0].warnings == ("Model old retired on 2026-11-20; another one is used.",)
    assert select(request_for(), having(maker("full", Picture, Model(id="new"), gone)))[0].warnings == ()
    why = reasons(request_for(), having(maker("full", Picture, gone)))
    assert why == {"full": "has no model in service (old retired on 2026-11-20; name one to try it anyway)"}


def test_no_key_is_asked_for_what_the_provider_no_longer_serves() -> None:
    gone = Model(id="old", retires=TODAY)
    for one_of, missing, why in (
        (one(Picture, gone), {"a": "Set A_KEY"}, "old retired on 2026-11-20"),
        (one(), {"a": "Set A_KEY", "a.image": "shut down"}, "shut down"),
        (one(Picture, gone, M), {"a": "Set A_KEY"}, "Set A_KEY"),
    ):
        assert reasons(request_for(), having(backend("a", one_of), missing=missing)) == {"a": why}


def test_a_retired_model_that_was_named_is_tried() -> None:
    for day in (TODAY, TODAY - timedelta(days=1)):
        full = maker("full", Picture, Model(id="new"), Model(id="old", retires=day))
        (choice,) = select(request_for(model="old"), having(full))
        assert choice.model.id == "old"
        assert choice.warnings == (f"Model old was due to retire on {day}.",)


def test_a_model_that_retires_soon_is_warned_about() -> None:
    def warnings(days: int) -> tuple[str, ...]:
        return first(
            request_for(), maker("full", Picture, Model(id="m", retires=TODAY + timedelta(days=days)))
        ).warnings

    assert warnings(1) == ("Model m retires on 2026-11-21.",)
    assert warnings(30) == ("Model m retires on 2026-12-20.",)
    assert warnings(31) == ()


# Order


def test_the_order_is_by_preference_then_as_installed() -> None:
    installed = having(maker("a"), maker("b", preference=2), maker("c"), maker("d", preference=1))
    assert chosen(request_for(), installed) == ["b:m", "d:m", "a:m", "c:m"]


def test_the_users_order_comes_before_preference() -> None:
    installed = having(maker("a", preference=9), maker("b"), maker("c"), order=("c", "b"))
    assert chosen(request_for(), installed) == ["c:m", "b:m", "a:m"]


def test_the_users_default_comes_before_the_order() -> None:
    full = maker("b", Picture, Model(id="x"), Model(id="y"))
    installed = having(maker("a"), full, order=("a",), defaults={"image": "b:y"})
    assert chosen(request_for(), installed) == ["b:y", "b:x", "a:m"]
    assert chosen(request_for(), replace(installed, defaults={"image": "b"})) == ["b:x", "b:y", "a:m"]
    assert chosen(request_for(), replace(installed, defaults={"video": "b:y"}))[0] == "a:m"


def test_the_users_default_may_be_a_model_that_is_not_listed() -> None:
    installed = having(maker("a"), defaults={"image": "a:newest"})
    choices = select(request_for(), installed)
    assert [choice.model.id for choice in choices] == ["newest", "m"]
    assert choices[0].warnings == ("a does not list a model 'newest'; the name was sent as given.",)


@pytest.mark.parametrize("settings", [{"defaults": {"image": "bare"}}, {"order": ("bare",)}], ids=["default", "order"])
def test_the_users_settings_come_before_words_that_only_tune_and_before_drafts(settings: dict[str, Any]) -> None:
    cheap = maker("a", Picture, Model(id="cheap", draft=True))
    installed = having(cheap, maker("bare", Bare), **settings)
    choices = select(request_for(words={"seed": 1}), installed)
    assert [choice.backend.name for choice in choices] == ["bare", "a"]
    assert choices[0].warnings == ("bare does not take seed; it was left out.",)
    assert chosen(request_for(draft=True), installed) == ["bare:m", "a:cheap"]
    assert chosen(request_for(words={"aspect_ratio": "1:1"}), installed) == ["a:cheap"]


def test_the_model_of_the_users_default_comes_before_words_that_only_tune() -> None:
    full = maker("full", Picture, M, Model(id="x", accepts={"seed": False}))
    assert chosen(request_for(words={"seed": 1}), having(full, defaults={"image": "full:x"})) == ["full:x", "full:m"]


def test_a_named_model_comes_before_the_users_default() -> None:
    full = maker("full", Picture, M, Model(id="x"))
    assert chosen(request_for(model="m"), having(full, defaults={"image": "full:x"})) == ["full:m"]


def test_an_alias_is_as_good_as_the_name() -> None:
    a, b = maker("a"), replace(maker("b", Picture, M, Model(id="x")), aliases=("bee",))
    assert chosen(request_for(backend="bee"), having(a, b)) == ["b:m", "b:x"]
    assert chosen(request_for(), having(a, b, order=("bee",))) == ["b:m", "b:x", "a:m"]
    assert chosen(request_for(), having(a, b, order=("bee", "a", "b"))) == ["b:m", "b:x", "a:m"]
    assert chosen(request_for(), having(a, b, defaults={"image": "bee:x"})) == ["b:x", "b:m", "a:m"]


def test_a_resting_backend_comes_last_whatever_speaks_for_it() -> None:
    installed = having(maker("a"), maker("bare", Bare), order=("a",), defaults={"image": "a"}, resting={"a": 9})
    assert chosen(request_for(words={"seed": 1}), installed) == ["bare:m", "a:m"]
    assert chosen(request_for(backend="a"), installed) == ["a:m"]


# Readiness and stand-ins


def test_a_backend_that_is_not_ready_is_passed_over() -> None:
    installed = having(maker("a"), maker("b"), missing={"a": "no key"})
    assert chosen(request_for(), installed) == ["b:m"]


def test_a_named_backend_that_is_not_ready_says_which_key_it_needs() -> None:
    a = replace(maker("a"), keys=("A_KEY", "A_OTHER_KEY"))
    with pytest.raises(MissingKey) as caught:
        select(
            request_for(backend="a"),
            having(
                a,
                maker("b"),
                missing={"a": "Set A_KEY or A_OTHER_KEY and restart the server. A_KEY still reads ${...}"},
            ),
        )
    assert caught.value.variables == ("A_KEY", "A_OTHER_KEY")
    assert str(caught.value) == (
        "a has no key. Nothing was billed. Set A_KEY or A_OTHER_KEY and restart the server. A_KEY still reads ${...}."
    )


def test_a_named_backend_whose_key_is_not_what_is_missing_says_why() -> None:
    a = replace(maker("a"), keys=("A_KEY",))
    missing = {"a": "install the package a_sdk and restart the server"}
    with pytest.raises(InvalidRequest) as caught:
        select(request_for(backend="a"), having(a, missing=missing))
    assert str(caught.value) == (
        "a is not ready: install the package a_sdk and restart the server. Nothing was billed. "
        "Then call again, or set backend to auto."
    )


def test_no_key_is_asked_for_what_the_backend_does_not_make() -> None:
    a = replace(maker("a"), keys=("A_KEY",))
    missing = {"a": "Set A_KEY"}
    assert reasons(request_for(kind="music"), having(a, missing=missing)) == {"a": "makes no music"}
    with pytest.raises(InvalidRequest, match="a cannot do this: makes no music"):
        select(request_for(kind="music", backend="a"), having(a, missing=missing))


def test_a_named_backend_without_keys_says_why_it_is_not_ready() -> None:
    with pytest.raises(InvalidRequest, match=r"sketch is not ready: fonts are missing\."):
        select(request_for(backend="sketch"), having(sketch(), missing={"sketch": "fonts are missing"}))


def test_a_capability_that_is_not_ready_is_passed_over_with_its_reason() -> None:
    twin = backend("twin", one(name="a"), one(Bare, name="b"))
    (choice,) = select(request_for(), having(twin, missing={"twin.a": "needs a plan"}))
    assert choice.capability.name == "b"
    installed = having(maker("full"), missing={"full.image": "needs a plan"})
    assert reasons(request_for(), installed) == {"full": "needs a plan"}
    with pytest.raises(InvalidRequest, match="full cannot do this: needs a plan"):
        select(request_for(backend="full"), installed)


def test_what_only_has_to_be_enabled_is_told_where_that_would_do() -> None:
    class Masked(Picture):
        mask: Literal["soft"] | None = None
        size: Literal["1K", "8K"] | None = None  # pyright: ignore[reportIncompatibleVariableOverride]

    twin = backend("twin", one(Picture, name="a"), one(Masked, Model(id="other"), name="b"))
    installed = having(twin, missing={"twin.b": "needs a plan"})

    def why(**asked: Any) -> str:
        return reasons(request_for(**asked), installed)["twin"]

    assert why(options={"mask": "soft"}) == "needs a plan"
    assert why(words={"size": "512"}) == "takes size 1K, 2K, 4K"
    assert why(words={"size": "8K"}) == "takes size 1K, 2K, 4K; alternatively, needs a plan"
    assert why(model="other", words={"size": "512"}) == "needs a plan"


def test_the_reason_is_that_of_the_best_model() -> None:
    models = (Model(id="best"), Model(id="small", accepts={"size": ("1K",), "style": False}))
    full = maker("full", Picture, *models, refuses=no_style_at_night)
    assert reasons(request_for(words={"size": "8K"}), having(full)) == {"full": "takes size 1K, 2K, 4K"}
    at_night = request_for(prompts=("night",), options={"style": "vivid"}, backend="full")
    assert refusal(at_night, full) == "full cannot do this: no style at night."
    plain = maker("full", Picture, Model(id="plain", accepts={"strength": False}), Model(id="best"))
    too_strong = request_for(options={"strength": 2}, backend="full")
    assert refusal(too_strong, plain) == "full cannot do this: takes strength from 0 to 1."


def test_a_value_is_taken_in_any_case_and_sent_as_the_provider_spells_it() -> None:
    choice = first(request_for(words={"size": "4k"}, options={"style": "Vivid"}), maker("a"))
    assert choice.values == {"size": "4K", "style": "vivid"}
    narrow = maker("a", Picture, Model(id="m", accepts={"size": ("1K",)}))
    assert first(request_for(words={"size": "1k"}), narrow).values == {"size": "1K"}


def test_a_draft_is_made_by_a_draft_model_although_that_lacks_what_is_inherited() -> None:
    full = maker(
        "full", Picture, M, Model(id="cheap", draft=True, accepts={"size": ("1K",)}), edits="image", takes=IMAGE
    )
    choice = select(request_for(draft=True, inherited={"size": "4K"}, origin=edit_of("full")), having(full))[0]
    assert (choice.model.id, choice.values) == ("cheap", {})


def test_what_one_backend_keeps_in_an_edit_another_is_told() -> None:
    asked = request_for(origin=edit_of("a"), inherited={"size": "2K"})
    values = {
        choice.backend.name: choice.values
        for choice in select(asked, having(editor("a", not_inherited=("size",)), editor("b", not_inherited=("size",))))
    }
    assert values == {"a": {}, "b": {"size": "2K"}}


def test_a_text_that_only_tunes_is_left_out_where_it_does_not_fit() -> None:
    class Spoken(Params):
        instructions: Annotated[str | None, Field(max_length=5, pattern="^[a-z]*$")] = None

    a = maker("a", Spoken)
    assert first(request_for(words={"instructions": "calm"}), a).warnings == ()
    long, odd = (first(request_for(words={"instructions": text}), a) for text in ("calmly", "CALM"))
    assert (long.values, odd.values) == ({}, {})
    assert long.warnings == ("a takes instructions of up to 5 characters; it was left out.",)
    assert odd.warnings == ("a takes instructions in the form ^[a-z]*$; it was left out.",)


def test_an_unknown_backend_is_refused_with_the_closest_name() -> None:
    assert refusal(request_for(backend="opnai"), OPENAI, XAI) == "There is no backend 'opnai'. Did you mean openai?"
    assert refusal(request_for(backend="q"), OPENAI, XAI) == "There is no backend 'q'. Known: auto, openai, xai."
    assert len(refusal(request_for(backend="x" * 1_000_000), OPENAI)) < 200


def test_a_stand_in_is_chosen_while_nobody_is_signed_in() -> None:
    installed = having(maker("a"), sketch(), missing={"a": "no key"})
    assert chosen(request_for(), installed) == ["sketch:m"]


def test_a_stand_in_is_never_chosen_once_somebody_is_signed_in() -> None:
    assert chosen(request_for(), having(sketch(), maker("a"))) == ["a:m"]
    unable = having(sketch(), maker("a", Bare), maker("b"), missing={"b": "no key"})
    asked = request_for(words={"aspect_ratio": "1:1"})
    assert reasons(asked, unable) == {"a": "does not take aspect_ratio", "b": "no key"}
    speaker = maker("speaker", Nothing, kind="speech")
    assert reasons(request_for(), having(sketch(), speaker)) == {"speaker": "makes no image"}
    assert chosen(request_for(), having(sketch(), maker("a"), resting={"a": 9})) == ["a:m"]


def test_a_stand_in_that_the_users_settings_name_counts_like_any_other_backend() -> None:
    a, drawn = maker("a"), replace(sketch(), aliases=("draft",))
    for name in ("sketch", "draft"):
        assert chosen(request_for(), having(a, drawn, defaults={"image": name})) == ["sketch:m", "a:m"]
        assert chosen(request_for(), having(a, drawn, order=(name,))) == ["sketch:m", "a:m"]
        assert chosen(request_for(), having(a, drawn, order=("a", name))) == ["a:m", "sketch:m"]
    assert chosen(request_for(), having(a, drawn, defaults={"video": "sketch"})) == ["a:m"]


def test_a_stand_in_is_never_what_another_choice_falls_back_on() -> None:
    local = backend("local", one(), keyed=False)
    assert chosen(request_for(), having(sketch(), local)) == ["local:m"]


def test_a_refusal_offers_a_stand_in_that_could_do_it_by_name() -> None:
    def hint(asked: SelectionRequest, *backends: Backend[None]) -> str:
        with pytest.raises(NothingSuitable) as caught:
            select(asked, having(*backends))
        return caught.value.hint

    asked = request_for(words={"aspect_ratio": "1:1"})
    offer = "For a free local draft, set backend to sketch."
    assert hint(asked, maker("a", Bare), sketch()) == offer
    assert hint(asked, maker("a", Bare)) == ""
    assert hint(request_for(words={"size": "16K"}), maker("a", Bare), sketch()) == ""
    assert hint(request_for("video"), maker("a", Bare), sketch()) == ""
    assert "No backend is installed" in hint(request_for())


def test_a_stand_in_is_used_when_it_is_named() -> None:
    assert chosen(request_for(backend="sketch"), having(maker("a"), sketch())) == ["sketch:m"]


def test_a_stand_in_goes_on_with_what_it_made_itself() -> None:
    mine = sketch(takes={"image": Takes()}, edits="image")
    a = maker("a", takes={"image": Takes()}, edits="image")
    assert chosen(request_for(origin=edit_of("sketch")), having(a, mine)) == ["sketch:m", "a:m"]
    assert chosen(request_for(origin=edit_of("a")), having(a, mine)) == ["a:m"]
    assert chosen(request_for(origin=edit_of("sketch")), having(a, mine, resting={"sketch": 9})) == ["a:m"]


def test_when_nothing_is_suitable_every_backend_has_its_reason() -> None:
    installed = having(
        maker("unready"),
        maker("unable", Bare),
        maker("other", Nothing, kind="sound_effect"),
        maker("idle", Picture, Model(id="old", retires=TODAY)),
        missing={"unready": "no key"},
    )
    assert reasons(request_for(words={"aspect_ratio": "1:1"}), installed) == {
        "unready": "no key",
        "unable": "does not take aspect_ratio",
        "other": "makes no image",
        "idle": "has no model in service (old retired on 2026-11-20; name one to try it anyway)",
    }
    with pytest.raises(NothingSuitable, match="No backend can make this sound effect"):
        select(request_for("sound_effect"), having(maker("a")))


def test_the_most_telling_reason_of_a_backend_is_given() -> None:
    telling = backend("twin", one(Bare, Model(id="x"), name="a"), one(Bare, Model(id="y"), name="b"))
    asked = request_for(model="x", words={"aspect_ratio": "1:1"})
    assert reasons(asked, having(telling)) == {"twin": "does not take aspect_ratio"}
    assert reasons(replace(asked, model="z"), having(telling)) == {"twin": "has no model 'z'"}


# Edits


IMAGE: Mapping[Role, Takes] = {"image": Takes(max=2), "mask": Takes()}


def editor(name: str, params: type[Params] = Picture, *models: Model, **more: Any) -> Backend[None]:
    return maker(name, params, *models, **{"takes": IMAGE, "edits": "image", **more})


def test_an_edit_goes_on_from_native_state_without_the_file() -> None:
    asked = request_for(origin=edit_of("a", native=True), inputs={"image": (FOX,)})
    choice = first(asked, editor("b"), editor("a"))
    assert (choice.backend.name, choice.state, choice.inputs) == ("a", AnyJson({"id": "r1"}), {"image": (FOX,)})


def test_without_native_state_or_elsewhere_the_saved_file_comes_first() -> None:
    for origin in (edit_of("a"), edit_of("gone", native=True), edit_of("a", capability="other", native=True)):
        choice = first(request_for(origin=origin, inputs={"image": (FOX,), "mask": (OWL,)}), editor("a"))
        assert choice.state is None
        assert choice.inputs == {"image": (EDITED, FOX), "mask": (OWL,)}


def test_the_saved_file_is_given_in_the_role_that_the_backend_edits() -> None:
    editing = editor("a", takes={"video": Takes(mimes=("video/mp4",))}, edits="video")
    clip = replace(EDITED, mime="video/mp4")
    assert first(request_for(origin=edit_of("b", file=clip)), editing).inputs == {"video": (clip,)}
    assert reasons(request_for(origin=edit_of("b")), having(editing)) == {
        "a": "takes video as video/mp4, and earlier.png is image/png"
    }


def test_the_saved_file_counts_among_the_inputs() -> None:
    asked = request_for(origin=edit_of("b"), inputs={"image": (FOX, OWL)})
    assert reasons(asked, having(editor("a"))) == {"a": "takes at most 2 image"}
    native = replace(asked, origin=edit_of("a", native=True))
    assert chosen(native, having(editor("a"))) == ["a:m"]


def test_a_backend_that_edits_nothing_is_passed_over_unless_it_has_native_state() -> None:
    unable = editor("a", edits=None)
    assert reasons(request_for(origin=edit_of("a")), having(unable)) == {"a": "cannot continue from a saved file"}
    assert first(request_for(origin=edit_of("a", native=True)), unable).state


def test_without_the_saved_file_only_native_state_goes_on() -> None:
    asked = request_for(origin=edit_of("a", native=True, file=None))
    assert chosen(asked, having(editor("b"), editor("a"))) == ["a:m"]
    assert reasons(asked, having(editor("b"))) == {"b": "needs the earlier file, which is gone"}


def test_a_choice_can_go_on_from_the_file_when_native_state_is_gone() -> None:
    choice = first(request_for(origin=edit_of("a", native=True), inputs={"image": (FOX,)}), editor("a"))
    again = match_saved_file(choice, EDITED, prompt="a fox", count=1)
    assert isinstance(again, Candidate)
    assert (again.state, again.inputs) == (None, {"image": (EDITED, FOX)})
    assert (choice.state is not None, choice.inputs) == (True, {"image": (FOX,)})


def test_the_backend_the_capability_and_the_model_that_made_the_file_come_first() -> None:
    models = (Model(id="x"), Model(id="m"))
    installed = having(editor("b", preference=9), editor("a", Bare, *models), order=("b",), defaults={"image": "b"})
    asked = request_for(origin=edit_of("a"), inherited={"seed": 1})
    assert chosen(asked, installed) == ["a:m", "a:x", "b:m"]
    elsewhere = replace(asked, origin=edit_of("a", capability="another"))
    assert chosen(elsewhere, installed) == ["a:x", "a:m", "b:m"]
    twin = backend("a", *(one(Picture, M, name=name, takes=IMAGE, edits="image") for name in ("draw", "image")))
    choices = select(request_for(origin=edit_of("a", native=True)), having(twin))
    assert [(choice.capability.name, choice.state is not None) for choice in choices] == [
        ("image", True),
        ("draw", False),
    ]


def test_the_options_of_the_file_are_kept_by_the_capability_that_made_it_alone() -> None:
    asked = request_for(origin=edit_of("a", options={"style": "vivid"}))
    values = {choice.backend.name: choice.values for choice in select(asked, having(editor("a"), editor("b")))}
    assert values == {"a": {"style": "vivid"}, "b": {}}
    assert first(replace(asked, options={"style": "natural"}), editor("a")).values == {"style": "natural"}


def test_options_of_the_file_that_do_not_fit_any_more_are_left_out_with_a_warning() -> None:
    choice = first(request_for(origin=edit_of("a", options={"stile": 1, "style": "vivid"})), editor("a"))
    assert choice.values == {"style": "vivid"}
    assert choice.warnings == ("a has no option 'stile' (Did you mean style?); it was left out.",)
    clashing = editor("a", refuses=no_style_at_night)
    asked = request_for(prompts=("night",), origin=edit_of("a", options={"style": "vivid"}), inherited={"size": "1K"})
    choice = first(asked, clashing)
    assert choice.values == {"size": "1K"}
    assert choice.warnings == ("The earlier style was left out (a: no style at night).",)
    assert "no style at night" in refusal(replace(asked, backend="a", options={"style": "vivid"}), clashing)


# Purity

VALUES: Mapping[str, tuple[JSON, ...]] = {
    "aspect_ratio": ("1:1", "16:9", "21:9"),
    "size": ("512", "1K", "4K", "1080p", "1024x1024"),
    "duration": (0.5, 3, 8, 15, 60),
    "quality": ("low", "high", "max"),
    "background": ("auto", "transparent"),
    "output_format": ("png", "svg", "mp3", "wav"),
    "voice": ("ash",),
    "language": ("en",),
    "speed": (0.25, 1, 4),
    "generate_audio": (True, False),
    "seed": (7,),
}
pairs = st.sampled_from([(word, value) for word, values in VALUES.items() for value in values])
words = st.lists(pairs, max_size=2).map(dict[str, JSON])
inputs = st.fixed_dictionaries({}, optional={role: st.just((FOX,)) for role in ("image", "mask")})
OPTIONS: tuple[dict[str, JSON], ...] = (
    {},
    {"loop": True},
    {"output_compression": 50},
    {"output_compression": 101},
)
kinds = st.sampled_from(["image", "video", "speech", "music"])
origins = st.none() | st.builds(
    edit_of,
    st.sampled_from([one.name for one in INSTALLED]),
    native=st.booleans(),
    file=st.sampled_from([EDITED, None]),
)
requests = st.builds(
    request_for,
    kinds,
    words=words,
    inherited=words,
    options=st.sampled_from(OPTIONS),
    inputs=inputs,
    draft=st.booleans(),
    origin=origins,
)
missing = st.dictionaries(st.sampled_from([one.name for one in INSTALLED]), st.just("no key"), max_size=4)


def answer(asked: SelectionRequest, installed: SelectionContext) -> tuple[Candidate, ...] | str:
    """The choices, or the refusal with its type."""
    try:
        return select(asked, installed)
    except (InvalidRequest, MissingKey, NothingSuitable) as error:
        return f"{type(error).__name__}: {error}"


@settings(max_examples=200, deadline=None)
@given(asked=requests, missing=missing, named=st.sampled_from(["", *(one.name for one in INSTALLED)]))
def test_the_same_question_has_the_same_answer_and_nothing_is_changed(
    asked: SelectionRequest, missing: dict[str, str], named: str
) -> None:
    asked, installed = replace(asked, backend=named), having(*INSTALLED, missing=missing, order=("xai",))
    before = copy.deepcopy((asked, installed.missing, installed.order))
    got = answer(asked, installed)
    assert answer(copy.deepcopy(asked), installed) == got
    assert (asked, installed.missing, installed.order) == before


@settings(max_examples=200, deadline=None)
@given(asked=requests, missing=missing)
def test_every_choice_can_be_sent_and_every_word_is_taken_or_warned_about(
    asked: SelectionRequest, missing: dict[str, str]
) -> None:
    got = answer(asked, having(*INSTALLED, missing=missing))
    for choice in () if isinstance(got, str) else got:
        assert choice.backend.name not in missing
        assert choice.params(1)
        assert choice.params(choice.per_call, first=3)
        fields = field_schemas(choice.capability.params)
        size_note = f"size {asked.words.get('size')} was sent as {choice.values.get('size')}."
        written_otherwise = {"size", "aspect_ratio"} if size_note in choice.warnings else set[str]()
        for word, value in {**asked.inherited, **asked.words, **asked.options}.items():
            if word not in written_otherwise and str(choice.values.get(word)).casefold() != str(value).casefold():
                assert word in asked.inherited or not WORDS[word].binding
                assert re.search(rf"\b{word}\b", " ".join(choice.warnings)), word
        assert choice.values.keys() <= fields.keys()
        assert asked.inputs.keys() <= choice.capability.takes.keys()


@settings(max_examples=200, deadline=None)
@given(
    asked=requests,
    named=st.sampled_from([OPENAI, GOOGLE, XAI, OPENROUTER, ELEVENLABS, SKETCH]),
    others=st.lists(st.sampled_from(INSTALLED), unique_by=lambda one: one.name),
    place=st.integers(0, 5),
)
def test_another_backend_never_changes_what_a_named_one_does(
    asked: SelectionRequest, named: Backend[None], others: list[Backend[None]], place: int
) -> None:
    rest = [other for other in others if other.name != named.name]
    asked = replace(asked, backend=named.name)
    crowd = having(*rest[:place], named, *rest[place:])
    assert answer(asked, crowd) == answer(asked, having(named))


def test_a_word_of_another_form_is_refused_with_examples_and_not_with_a_pattern() -> None:
    text = refusal(request_for(backend="full", words={"aspect_ratio": "wide"}), maker("full"))
    assert "aspect_ratio: must be W:H, e.g. 16:9, 9:16, 1:1, 3:2, 21:9" in text
    assert "pattern" not in text


# Inputs and options that only some models take


@pytest.mark.parametrize(
    ("takes", "reason"),
    [
        ({"image": None}, "does not take image with lite"),
        ({"image": Takes(max=1)}, "takes at most 1 image with lite"),
        (
            {"image": Takes(max=2, mimes=("image/webp",))},
            "takes image as image/webp, and fox.png is image/png: convert it",
        ),
        ({"mask": Takes(required=True)}, "needs mask"),
    ],
    ids=["none", "fewer", "of another type", "one more, needed"],
)
def test_a_model_narrows_the_inputs_of_its_capability(takes: dict[Role, Takes | None], reason: str) -> None:
    lite, full = Model(id="lite", takes=takes), Model(id="full")
    both = maker("a", Picture, lite, full, takes={"image": Takes(max=2)})
    asked = request_for(inputs={"image": (FOX, OWL)})
    assert chosen(asked, having(both)) == ["a:full"]
    assert refusal(replace(asked, backend="a", model="lite"), both) == f"a cannot do this: {reason}."


def test_a_model_narrows_the_options_of_its_capability() -> None:
    both = maker("a", Picture, Model(id="lite", accepts={"style": ("natural",)}), Model(id="full"))
    assert chosen(request_for(options={"style": "vivid"}), having(both)) == ["a:full"]
    assert chosen(request_for(options={"style": "natural"}), having(both)) == ["a:lite", "a:full"]


def test_state_that_its_capability_cannot_read_counts_as_gone() -> None:
    class Known(BaseModel):
        id: int

    origin = edit_of("a", native=True, state={"id": "not a number"})
    candidate = first(request_for(origin=origin), maker("a", takes={"image": Takes()}, edits="image", state=Known))
    assert (candidate.state, candidate.inputs) == (None, {"image": (EDITED,)})
    assert candidate.warnings == ("What A needs to continue from this file is gone; the saved file was sent instead.",)
