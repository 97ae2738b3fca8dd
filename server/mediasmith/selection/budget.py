"""Hold the estimated cost of a request against every limit, before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time

from mediasmith.config.settings import Settings, problems_of, variable
from mediasmith.plugin.errors import OverBudget
from mediasmith.runtime.clock import Clock, today
from mediasmith.selection.candidate import Candidate
from mediasmith.selection.pricing import DIGITS, estimate
from mediasmith.selection.tool_request import ToolRequest
from mediasmith.storage.library.records import Allowance
from mediasmith.storage.library.store import Library


@dataclass(frozen=True, kw_only=True)
class Budget:
    """The limits of the caller and of the settings, and what was spent today.

    `problems` are the settings that could not be read; a limit among them is 0.
    """

    settings: Settings
    problems: Sequence[str] = ()
    library: Library
    clock: Clock

    async def affordable(
        self, request: ToolRequest, candidates: tuple[Candidate, ...], *, counted: float = 0.0
    ) -> tuple[Candidate, ...]:
        """Return the candidates whose estimate keeps to every limit; the first says where it is not the best one.

        `counted` are the US dollars of this request that today's budget already counts.

        Raises:
            OverBudget: none does.
        """
        limits = await self._limits(request, counted)
        if not limits:
            return candidates
        limit, name, setting = min(limits)
        costs = [(candidate, total_cost(candidate, request)) for candidate in candidates]
        unpriced = self.settings.unpriced == "allow"
        affordable = tuple(one for one, usd in costs if (unpriced if usd is None else usd <= limit))
        best, usd = costs[0]
        if usd is None:
            reason = f"The price of {best.label} is unknown and cannot be checked against {name} of {limit:.4g} USD"
            hint = "Set MEDIASMITH_UNPRICED=allow to allow such calls, or choose a model with a known price."
        else:
            reason = f"{best.label} is estimated at {usd:.4g} USD, above {name} of {limit:.4g} USD"
            hint = "Ask for less or for a draft, or raise the limit."
        if not affordable:
            raise OverBudget(f"{reason}.", self._unread(setting) or hint, billed="no")
        first, *others = affordable
        if first is not best:
            first = first.with_warnings(f"{reason}; {first.label} is used instead.")
        return (first, *others)

    def day(self) -> Allowance | None:
        """Return what the jobs of today may cost together, or None where the settings have no limit for that."""
        usd = self.settings.daily_budget_usd
        return None if usd is None else Allowance(usd=usd, since=self._midnight())

    def _midnight(self) -> float:
        return datetime.combine(today(self.clock), time(), UTC).timestamp()

    async def _limits(self, request: ToolRequest, counted: float) -> list[tuple[float, str, str]]:
        """Return each limit with its name, and the setting that it is, or ""."""
        limits: list[tuple[float, str, str]] = []
        if request.max_cost_usd is not None:
            limits.append((request.max_cost_usd, "max_cost_usd", ""))
        if self.settings.max_cost_usd is not None:
            limits.append((self.settings.max_cost_usd, variable("max_cost_usd"), "max_cost_usd"))
        if day := self.day():
            left = day.usd - await self.library.spent(since=day.since) + counted
            limits.append((max(0.0, round(left, DIGITS)), "today's remaining budget", "daily_budget_usd"))
        return limits

    def _unread(self, field: str) -> str:
        """Return what is wrong with the limit that this setting is, with the fix, or ""."""
        found = problems_of(self.problems, field) if field else []
        return f"{found[0]}. Correct it and restart the server." if found else ""


def total_cost(candidate: Candidate, request: ToolRequest) -> float | None:
    """Return the estimate in US dollars for every prompt of a request, or None where that is not known."""
    costs = [estimate(candidate, prompt=prompt, count=request.n) for prompt in request.prompts]
    known = [usd for usd in costs if usd is not None]
    return sum(known) if len(known) == len(costs) else None
