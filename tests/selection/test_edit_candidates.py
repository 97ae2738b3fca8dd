"""Which backend continues an edit, and from what: its own state, or the saved file."""

from __future__ import annotations

from dataclasses import replace

from pydantic import BaseModel

from fakes.backends import AnyJson
from fakes.declared import backend
from fakes.selections import (
    EDITED,
    FOX,
    IMAGE,
    OWL,
    Bare,
    M,
    Picture,
    chosen,
    edit_of,
    editor,
    first,
    having,
    maker,
    no_style_at_night,
    one,
    reasons,
    refusal,
    request_for,
)
from mediasmith.plugin.contract import Model, Takes
from mediasmith.selection.candidate import Candidate
from mediasmith.selection.matching import match_saved_file
from mediasmith.selection.ranking import select


def test_what_one_backend_keeps_in_an_edit_another_is_told() -> None:
    asked = request_for(origin=edit_of("a"), inherited={"size": "2K"})
    values = {
        choice.backend.name: choice.values
        for choice in select(asked, having(editor("a", not_inherited=("size",)), editor("b", not_inherited=("size",))))
    }
    assert values == {"a": {}, "b": {"size": "2K"}}


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


def test_state_that_its_capability_cannot_read_counts_as_gone() -> None:
    class Known(BaseModel):
        id: int

    origin = edit_of("a", native=True, state={"id": "not a number"})
    candidate = first(request_for(origin=origin), maker("a", takes={"image": Takes()}, edits="image", state=Known))
    assert (candidate.state, candidate.inputs) == (None, {"image": (EDITED,)})
    assert candidate.warnings == ("What A needs to continue from this file is gone; the saved file was sent instead.",)
