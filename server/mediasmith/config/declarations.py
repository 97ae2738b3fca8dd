"""What a server needs before its first call: its settings, and what clients are shown."""

from __future__ import annotations

from dataclasses import dataclass

from mediasmith.config.installation import Installation
from mediasmith.config.offers import Offer
from mediasmith.config.settings import Settings
from mediasmith.config.tool_schemas import ToolSchema


@dataclass(frozen=True, kw_only=True)
class Declarations:
    """The settings, the tools, what is offered, and whether settings or backends have problems."""

    settings: Settings
    tools: tuple[ToolSchema, ...]
    offers: tuple[Offer, ...]
    has_problems: bool


def declare(installation: Installation) -> Declarations:
    """Return what an installation shows today."""
    return Declarations(
        settings=installation.settings,
        tools=tuple(installation.tools.values()),
        offers=tuple(installation.offers()),
        has_problems=bool(installation.problems or installation.registry.broken),
    )
