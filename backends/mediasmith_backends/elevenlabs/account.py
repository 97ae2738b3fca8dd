"""What the account has left."""

from __future__ import annotations

from mediasmith.plugin.errors import OutOfCredit
from mediasmith_backends.elevenlabs.client import NO_RETRY, TITLE, ElevenLabs
from mediasmith_backends.elevenlabs.errors import error_code

_NOT_FOR_THIS_KEY = {"missing_permissions", "insufficient_permissions"}


async def check(client: ElevenLabs) -> str:
    """Return how much of the account's credits is used, which some keys may not see.

    Raises:
        OutOfCredit: all of it, and no more can be used.
    """
    try:
        account = await client.sdk.user.subscription.get(request_options=NO_RETRY)
    except Exception as error:
        if error_code(error) in _NOT_FOR_THIS_KEY:
            return "it may not see what is left"
        raise
    used = f"{account.character_count:,} of {account.character_limit:,} credits are used"
    if account.character_count >= account.character_limit and not account.can_extend_character_limit:
        raise OutOfCredit(f"The account at {TITLE} has no credit left: {used}.")
    return used
