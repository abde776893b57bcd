"""How often one may ask: per second for each account and endpoint, reported in `X-Bapi-Limit*`, and per IP address.

An address that asks more than its share of five seconds is banned for ten minutes, whoever's keys it uses (Bybit v5
"Rate Limit", HTTP 403). The venue's share is 600; all clients of a simulator may come from one address, so that it is
off unless asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

from deskbot.simulator.bybit import codes

SECOND_NS = 1_000_000_000
ADDRESS_WINDOW_NS = 5 * SECOND_NS
BAN_NS = 600 * SECOND_NS


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


class AddressLimits:
    """A fixed window of five seconds for each address, and the bans; `per_window` 0 lets everybody pass."""

    def __init__(self, per_window: int) -> None:
        self._limit = per_window
        self._used: dict[str, tuple[int, int]] = {}
        self._banned: dict[str, int] = {}

    def take(self, address: str, now_ns: int) -> None:
        """Counts one request. Raises `Refusal` 10018 from the first one too many until the ban is over."""
        if self._banned.get(address, 0) > now_ns:
            raise codes.banned_address()
        window = now_ns // ADDRESS_WINDOW_NS
        counted, used = self._used.get(address, (window, 0))
        used = used + 1 if counted == window else 1
        self._used[address] = (window, used)
        if self._limit and used > self._limit:
            self._banned[address] = now_ns + BAN_NS
            raise codes.banned_address()
