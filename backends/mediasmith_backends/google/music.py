"""Music by Lyria: songs from a prompt, which also gives the length and the lyrics, or asks for none."""

from __future__ import annotations

from mediasmith.plugin.contract import Accepted, Call, Capability, Model, Params, Result
from mediasmith_backends.google import interactions
from mediasmith_backends.google.client import Google
from mediasmith_backends.google.prices import gemini_price
from mediasmith_backends.google.sign_in import missing_key


async def _start(call: Call[Google, Params]) -> Result | Accepted:
    return await interactions.create(call.client, "audio", model=call.model.id, input=call.prompt, store=False)


music: Capability[Google, Params] = Capability(
    kind="music",
    name="music",
    params=Params,
    models=(
        Model(
            id="lyria-3.5",
            prices=(gemini_price(0.08, "call"),),
            note="Whole songs; write the length and the lyrics into the prompt.",
        ),
        Model(id="lyria-3-clip-preview", draft=True, prices=(gemini_price(0.04, "call"),), note="Always 30 seconds."),
    ),
    start=_start,
    deadline=900.0,
    preference=10,
    missing=missing_key,
)
"""Music, with an API key."""
