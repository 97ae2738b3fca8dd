"""What the server says to a model when it starts: what is ready, and what is missing."""

from __future__ import annotations

from mediasmith.config.installation import Installation

_MAX_WORDS = 150


def instructions(installation: Installation) -> str:
    """Return the instructions, in at most 150 words."""
    ready: dict[str, list[str]] = {}
    unready: dict[str, str] = {}
    for offer in installation.offers():
        if offer.ready:
            ready.setdefault(offer.kind, []).append(offer.backend)
        else:
            unready.setdefault(offer.backend, offer.missing)
    can = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in ready.items()) or "nothing yet"
    lines = [
        "Makes media files on disk with generate_media and changes them with continue_edit.",
        "If an answer says running, collect it with get_job; calling again would make and bill another.",
        "Show the user the path of each file.",
        f"Ready: {can}.",
    ]
    if installation.problems or installation.registry.broken:
        lines.append("Settings with problems: see list_backends.")
    if unready:  # last, for it may be cut off
        lines.append("Not ready: " + "; ".join(f"{name} ({reason})" for name, reason in unready.items()) + ".")
    return _shorten(" ".join(lines))


def _shorten(text: str) -> str:
    words = text.split()
    return text if len(words) <= _MAX_WORDS else " ".join([*words[: _MAX_WORDS - 1], "…"])
