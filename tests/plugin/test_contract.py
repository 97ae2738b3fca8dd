"""What the contract's own types work out."""

from __future__ import annotations

from contextlib import nullcontext

from mediasmith.plugin.contract import Backend, Capability, Model, Params, Result, Takes


async def start(_call: object) -> Result:
    return Result(outputs=())


CAPABILITY = Capability[object, Params](
    kind="video",
    name="video",
    params=Params,
    models=(Model(id="1"),),
    start=start,
    takes={"first_frame": Takes(), "image": Takes(max=3)},
)


def test_model_narrows_and_extends_the_inputs_of_its_capability() -> None:
    narrowed = Model(id="2", takes={"first_frame": None, "image": Takes(max=1), "last_frame": Takes()})
    assert CAPABILITY.takes_with(CAPABILITY.models[0]) == CAPABILITY.takes
    assert CAPABILITY.takes_with(narrowed) == {"image": Takes(max=1), "last_frame": Takes()}


def test_backend_lists_every_variable_it_is_given() -> None:
    backend = Backend[object](
        name="acme",
        title="Acme",
        docs="https://acme.example",
        capabilities=(CAPABILITY,),
        connect=lambda _access: nullcontext(object()),
        keys=("ACME_KEY",),
        switches=("ACME_SWITCH",),
        env=("ACME_REGION",),
    )
    assert backend.variables == ("ACME_KEY", "ACME_SWITCH", "ACME_REGION")
