"""Write the instructions for models: how to use the tools, what is ready, and what is missing."""

from __future__ import annotations

from mediasmith.config.declarations import Declarations

_MAX_WORDS = 150


def instructions(declarations: Declarations) -> str:
    """Return the instructions, in at most 150 words."""
    ready: dict[str, list[str]] = {}
    unready: dict[str, str] = {}
    for offer in declarations.offers:
        if offer.ready:
            ready.setdefault(offer.kind, []).append(offer.backend)
        else:
            unready.setdefault(offer.backend, offer.missing)
    offered = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in ready.items()) or "nothing yet"
    stored = declarations.settings.in_fleet
    lines = [
        f"generate_media makes media files{'' if stored else ' on disk'}, and continue_edit changes them.",
        "If the status is running, collect the job with get_job: calling again would make and bill another one.",
        f"Show the user the {'url' if stored else 'path'} of each file.",
        f"Ready: {offered}.",
    ]
    if declarations.has_problems:
        lines.append("Some settings have problems: see list_backends.")
    if unready:  # last, because it may be cut off
        lines.append("Not ready: " + "; ".join(f"{name} ({reason})" for name, reason in unready.items()) + ".")
    return _shorten(" ".join(lines))


def _shorten(text: str) -> str:
    words = text.split()
    return text if len(words) <= _MAX_WORDS else " ".join([*words[: _MAX_WORDS - 1], "…"])
