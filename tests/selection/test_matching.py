"""What a backend takes of a request: words, options, files and rules, and what every refusal says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, Any

import pytest
from pydantic import Field, model_validator

from fakes.backends import AnyJson
from fakes.declared import Nothing
from fakes.selections import (
    EDITED,
    FOX,
    OWL,
    Bare,
    File,
    M,
    Picture,
    accepting,
    chosen,
    edit_of,
    first,
    having,
    maker,
    reasons,
    refusal,
    request_for,
)
from mediasmith.plugin.contract import JSON, Accepts, Model, Params, Range, Request, Takes
from mediasmith.plugin.kinds import Role
from mediasmith.plugin.params import WORDS
from mediasmith.selection.ranking import select

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


def test_a_value_is_taken_in_any_case_and_sent_as_the_provider_spells_it() -> None:
    choice = first(request_for(words={"size": "4k"}, options={"style": "Vivid"}), maker("a"))
    assert choice.values == {"size": "4K", "style": "vivid"}
    narrow = maker("a", Picture, Model(id="m", accepts={"size": ("1K",)}))
    assert first(request_for(words={"size": "1k"}), narrow).values == {"size": "1K"}


def test_a_text_that_only_tunes_is_left_out_where_it_does_not_fit() -> None:
    class Spoken(Params):
        instructions: Annotated[str | None, Field(max_length=5, pattern="^[a-z]*$")] = None

    a = maker("a", Spoken)
    assert first(request_for(words={"instructions": "calm"}), a).warnings == ()
    long, odd = (first(request_for(words={"instructions": text}), a) for text in ("calmly", "CALM"))
    assert (long.values, odd.values) == ({}, {})
    assert long.warnings == ("a takes instructions of up to 5 characters; it was left out.",)
    assert odd.warnings == ("a takes instructions in the form ^[a-z]*$; it was left out.",)


def test_a_word_of_another_form_is_refused_with_examples_and_not_with_a_pattern() -> None:
    text = refusal(request_for(backend="full", words={"aspect_ratio": "wide"}), maker("full"))
    assert "aspect_ratio: not understood (W:H, e.g. 16:9, 9:16, 1:1, 3:2, 21:9)" in text
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
