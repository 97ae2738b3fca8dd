"""Which backend and model are chosen, in which order, and why others are not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal

import pytest

from fakes.declared import ALL, OPENAI, XAI, Nothing, backend
from fakes.engines import per_image
from fakes.selections import (
    IMAGE,
    TODAY,
    Bare,
    M,
    Picture,
    chosen,
    edit_of,
    first,
    having,
    maker,
    no_style_at_night,
    one,
    reasons,
    refusal,
    request_for,
    sketch,
)
from mediasmith.plugin.contract import Backend, Model, Takes
from mediasmith.plugin.errors import InvalidRequest, MissingKey, NothingSuitable
from mediasmith.selection.ranking import SelectionContext, select
from mediasmith.selection.selection_request import SelectionRequest

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


NAMES = [one.name for one in ALL]
READY = having(*ALL[::-1])
CONFIGURED = having(*ALL[::-1], missing={"comfyui": "set its folder", "google": "no key", "fal": "no key"})


def backends(asked: SelectionRequest, installed: SelectionContext) -> list[str]:
    """The backends in the order in which they are tried."""
    return list(dict.fromkeys(choice.backend.name for choice in select(asked, installed)))


def test_engines_come_first_then_providers_then_aggregators_and_drafts_only_by_name() -> None:
    images = [name for name in NAMES if name not in {"elevenlabs", "sketch"}]
    assert sorted(backends(request_for(), READY)[:2]) == ["comfyui", "compatible"]
    assert sorted(backends(request_for(), READY)[2:5]) == ["google", "openai", "xai"]
    assert backends(request_for(), READY)[5:] == ["openrouter", "fal", "replicate"]
    assert {*backends(request_for(), READY)} == {*images}
    assert backends(request_for("speech"), READY)[0] == "compatible"
    assert backends(request_for("sound_effect"), READY) == ["elevenlabs", "fal"]
    assert backends(request_for(backend="sketch"), READY) == ["sketch"]


def test_what_is_not_set_up_is_never_offered() -> None:
    assert {"comfyui", "google", "fal"}.isdisjoint(backends(request_for(), CONFIGURED))
    assert backends(request_for(), CONFIGURED)[0] == "compatible"
    assert backends(request_for("music"), CONFIGURED) == ["elevenlabs", "replicate"]
    nothing = having(*ALL, missing=dict.fromkeys(NAMES[:-1], "not set up"))
    assert backends(request_for(), nothing) == ["sketch"]


def test_a_draft_may_be_made_by_any_backend_with_a_draft_model() -> None:
    without = replace(ALL[0], capabilities=tuple(replace(one, models=(M,)) for one in ALL[0].capabilities))
    asked = request_for("speech", draft=True)
    assert backends(asked, READY)[0] == "compatible"
    assert backends(asked, having(without, *ALL[1:])) == ["elevenlabs", "google", "openai", *NAMES[6:9], "compatible"]


def test_the_users_settings_come_before_engines() -> None:
    ordered = replace(READY, order=("replicate", "xai"))
    assert backends(request_for(), ordered)[:4] == ["replicate", "xai", "comfyui", "compatible"]
    default = replace(ordered, defaults={"image": "fal:openrouterimage-mini"})
    assert chosen(request_for(), default)[0] == "fal:openrouterimage-mini"
    assert backends(request_for("speech"), default)[0] == "replicate"
    assert backends(request_for(), replace(READY, defaults={"image": "sketch"}))[0] == "sketch"


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


@pytest.mark.parametrize(
    ("price", "order"), [(0, ["own:plain", "paid:m"]), (0.04, ["paid:m", "own:plain"]), (None, ["paid:m", "own:plain"])]
)
def test_a_free_engine_comes_first_although_it_lacks_an_advisory_word(price: float | None, order: list[str]) -> None:
    prices = () if price is None else per_image(price)
    own = maker("own", Bare, Model(id="plain", prices=prices), preference=20)
    installed = having(maker("paid", preference=10), own)
    asked = request_for(words={"quality": "high"})
    assert chosen(asked, installed) == order
    warnings = {choice.backend.name: choice.warnings for choice in select(asked, installed)}
    assert warnings == {"paid": (), "own": ("own does not take quality; it was left out.",)}


def test_of_free_models_the_one_that_lacks_no_word_comes_first() -> None:
    models = tuple(Model(id=name, accepts={"seed": name == "b"}, prices=per_image(0)) for name in "ab")
    assert chosen(request_for(words={"seed": 7}), having(maker("own", Picture, *models))) == ["own:b", "own:a"]


def test_a_draft_is_made_by_a_draft_model_although_that_lacks_what_is_inherited() -> None:
    full = maker(
        "full", Picture, M, Model(id="cheap", draft=True, accepts={"size": ("1K",)}), edits="image", takes=IMAGE
    )
    choice = select(request_for(draft=True, inherited={"size": "4K"}, origin=edit_of("full")), having(full))[0]
    assert (choice.model.id, choice.values) == ("cheap", {})


def test_an_unknown_backend_is_refused_with_the_closest_name() -> None:
    assert refusal(request_for(backend="opnai"), OPENAI, XAI) == "There is no backend 'opnai'. Did you mean openai?"
    for other in ("default", "recraft"):
        assert "Did you mean" not in refusal(request_for(backend=other), OPENAI, XAI, maker("fal"), maker("replicate"))
    assert refusal(request_for(backend="q"), OPENAI, XAI) == "There is no backend 'q'. Known: auto, openai, xai."


def test_unknown_backend_with_a_model_says_to_split_them() -> None:
    assert refusal(request_for(backend="openai:gpt-image-1", model="gpt-image-2"), OPENAI, XAI) == (
        "There is no backend 'openai:gpt-image-1'. Give the name of the backend alone, and that of the model in model. "
        "Known: auto, openai, xai."
    )
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
