"""How Bybit says what any fault can make a venue say.

HTTP statuses and codes: Bybit v5 "Error Codes" (403: too many requests of one IP address, 429: system level frequency
protection, 10006 and 10018: rate limits of an account and of an IP address, 10016: service restarting).
"""

from __future__ import annotations

from dataclasses import dataclass

from deskbot.simulator.bybit.codes import Refusal
from deskbot.simulator.bybit.dialect import refused
from deskbot.simulator.clock import Clock
from deskbot.simulator.passage import Answer

BANNED_STATUS = 403


@dataclass(frozen=True, slots=True)
class BybitWords:
    clock: Clock

    def error(self, status: int, code: int, message: str) -> Answer:
        payload = refused(self.clock.now_ns(), Refusal(code, message))
        return Answer(payload, status, code=code, message=message)

    def rate_limited(self, status: int) -> Answer:
        return self.error(status, 10006, "Too many visits. Exceeded the API Rate Limit.")

    def banned(self, status: int | None, _until_ms: int) -> Answer:
        return self.error(status or BANNED_STATUS, 10018, "Exceeded the IP Rate Limit.")

    def under_maintenance(self) -> Answer:
        return self.error(503, 10016, "Service is restarting. Please try again later.")


class TradeWords(BybitWords):
    """The same over the order-entry socket, where an answer also names what it answers: the door adds that."""

    def error(self, status: int, code: int, message: str) -> Answer:
        return Answer(Refusal(code, message), status, code=code, message=message)
