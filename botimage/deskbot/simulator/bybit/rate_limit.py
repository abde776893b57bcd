"""Requests per second, per account and endpoint, as Bybit counts and reports them in `X-Bapi-Limit*`."""

from __future__ import annotations

from dataclasses import dataclass

from deskbot.simulator.bybit import codes

SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of an endpoint's second."""

    limit: int
    remaining: int
    reset_ms: int

    def headers(self) -> dict[str, str]:
        return {
            "X-Bapi-Limit": str(self.limit),
            "X-Bapi-Limit-Status": str(self.remaining),
            "X-Bapi-Limit-Reset-Timestamp": str(self.reset_ms),
        }


class RateLimits:
    """A fixed window of one second for each account and endpoint."""

    def __init__(self, per_second: int) -> None:
        self._limit = per_second
        self._used: dict[tuple[str, str], tuple[int, int]] = {}

    def take(self, account: str, path: str, now_ns: int) -> Allowance:
        """Counts one request. Raises `Refusal` 10006 above the limit."""
        second = now_ns // SECOND_NS
        counted, used = self._used.get((account, path), (second, 0))
        used = used + 1 if counted == second else 1
        self._used[account, path] = (second, used)
        if used > self._limit:
            raise codes.too_many_visits()
        return Allowance(self._limit, self._limit - used, (second + 1) * 1000)
