"""Hold the estimated cost of a request against every limit, before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time

from mediasmith.config.settings import Settings
from mediasmith.plugin.errors import OverBudget
from mediasmith.runtime.clock import Clock
from mediasmith.selection.candidate import Candidate
from mediasmith.selection.pricing import estimate
from mediasmith.selection.tool_request import ToolRequest
from mediasmith.storage.library.store import Library


@dataclass(frozen=True, kw_only=True)
class Budget:
    """The limits of the caller and of the settings, and what was spent today."""

    settings: Settings
    library: Library
    clock: Clock

    async def affordable(self, request: ToolRequest, candidates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
        """Return the candidates whose estimate keeps to every limit.

        Raises:
            OverBudget: none does.
        """
        limits = await self._limits(request)
        if not limits:
            return candidates
        limit, name = min(limits)
        costs = [(candidate, total_cost(candidate, request)) for candidate in candidates]
        unpriced = self.settings.unpriced == "allow"
        affordable = tuple(one for one, usd in costs if (unpriced if usd is None else usd <= limit))
        if affordable:
            return affordable
        candidate, usd = costs[0]
        if usd is None:
            raise OverBudget(
                f"The price of {candidate.label} is unknown and cannot be checked against {name} of {limit:.4g} USD.",
                "Set MEDIASMITH_UNPRICED=allow to allow such calls, or choose a model with a known price.",
                billed="no",
            )
        raise OverBudget(
            f"{candidate.label} is estimated at {usd:.4g} USD, above {name} of {limit:.4g} USD.",
            "Ask for less or for a draft, or raise the limit.",
            billed="no",
        )

    async def _limits(self, request: ToolRequest) -> list[tuple[float, str]]:
        limits: list[tuple[float, str]] = []
        if request.max_cost_usd is not None:
            limits.append((request.max_cost_usd, "max_cost_usd"))
        if self.settings.max_cost_usd is not None:
            limits.append((self.settings.max_cost_usd, "MEDIASMITH_MAX_COST_USD"))
        if self.settings.daily_budget_usd is not None:
            today = datetime.fromtimestamp(self.clock.now(), UTC).date()
            spent = await self.library.spent(since=datetime.combine(today, time(), UTC).timestamp())
            limits.append((max(0.0, self.settings.daily_budget_usd - spent), "what is left of today's budget"))
        return limits


def total_cost(candidate: Candidate, request: ToolRequest) -> float | None:
    """Return the estimate in US dollars for every prompt of a request, or None where that is not known."""
    costs = [estimate(candidate, prompt=prompt, count=request.n) for prompt in request.prompts]
    known = [usd for usd in costs if usd is not None]
    return sum(known) if len(known) == len(costs) else None
