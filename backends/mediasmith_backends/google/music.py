"""Music by Lyria: songs from a prompt, which also says how long, with which words, or without any."""

from __future__ import annotations

from mediasmith.plugin.contract import Call, Capability, Model, Params, Result
from mediasmith_backends.google import interactions
from mediasmith_backends.google.client import Google
from mediasmith_backends.google.modes import with_key
from mediasmith_backends.google.prices import gemini


async def _start(call: Call[Google, Params]) -> Result:
    interaction = await interactions.at_once(call.client, model=call.model.id, input=call.prompt, store=False)
    return await interactions.finished(call.client, interaction, "audio")


music: Capability[Google, Params] = Capability(
    kind="music",
    name="music",
    params=Params,
    models=(
        Model(id="lyria-3.5", prices=(gemini(0.08, "call"),), note="Whole songs; the prompt says length and lyrics."),
        Model(id="lyria-3-clip-preview", draft=True, prices=(gemini(0.04, "call"),), note="Always 30 seconds."),
    ),
    start=_start,
    deadline=900.0,
    preference=10,
    missing=with_key,
)
"""Music, with an API key."""
