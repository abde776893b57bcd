"""How Binance says what any fault can make a venue say.

Codes and texts: Binance "Error Codes" (-1003 too many requests, 418 for a banned address) and what it answers while it
is down. An error without a status of its own is a 400 there, never a 200.
"""

from __future__ import annotations

from dataclasses import dataclass

from deskbot.simulator.binance import codes
from deskbot.simulator.passage import Answer

BANNED_STATUS = 418


@dataclass(frozen=True, slots=True)
class BinanceWords:
    def error(self, status: int, code: int, message: str) -> Answer:
        status = codes.BAD_REQUEST if status == 200 else status
        return Answer({"code": code, "msg": message}, status, code=code, message=message)

    def rate_limited(self, status: int) -> Answer:
        return self.error(
            status,
            -1003,
            "Too many requests; please use WebSocket Streams for live updates to avoid polling the API.",
        )

    def banned(self, status: int | None, until_ms: int) -> Answer:
        message = (
            f"Way too much request weight used; IP banned until {until_ms}. "
            "Please use WebSocket Streams for live updates to avoid bans."
        )
        return self.error(status or BANNED_STATUS, -1003, message)

    def under_maintenance(self) -> Answer:
        return self.error(503, 0, "System is under maintenance.")


class SocketWords(BinanceWords):
    """The same over the WebSocket API, where an answer also names what it answers: the door adds that."""

    def error(self, status: int, code: int, message: str) -> Answer:
        status = codes.BAD_REQUEST if status == 200 else status
        return Answer(codes.Refusal(code, message, status), status, code=code, message=message)
