"""Who is asking: signature, timestamp and receive window, each checked as Binance does.

REST signs the query string followed by the body, exactly as sent, without the signature itself; the WebSocket API signs
its parameters in alphabetical order. Both are HMAC-SHA256 in hex.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping

from deskbot.matching import Category
from deskbot.simulator.binance import codes

DEFAULT_RECEIVE_WINDOW_MS = 5_000
LONGEST_RECEIVE_WINDOW_MS = 60_000
AHEAD_ALLOWED_MS = 1_000
_SIGNATURE = re.compile(r"(?:^|&)signature=[^&]*")


def verify(parameters: Mapping[str, str], payload: str, secret: str, now_ms: int, category: Category) -> None:
    """`payload` is what was signed, a signature in it left out. Raises `Refusal` -1102, -1131, -1021 or -1022."""
    verify_time(parameters, now_ms, category)
    signature = parameters.get("signature", "")
    if not signature:
        raise codes.MANDATORY.refusal(category, name="signature")
    expected = hmac.new(secret.encode(), _SIGNATURE.sub("", payload).encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        raise codes.invalid_signature()


def verify_time(parameters: Mapping[str, str], now_ms: int, category: Category) -> None:
    """The venue's rule: timestamp < server time + 1000, and server time - timestamp <= recvWindow."""
    timestamp = _number(parameters.get("timestamp", ""), "timestamp", category)
    window = _number(parameters.get("recvWindow", str(DEFAULT_RECEIVE_WINDOW_MS)), "recvWindow", category)
    if window > LONGEST_RECEIVE_WINDOW_MS:
        raise codes.window_too_long()
    if timestamp >= now_ms + AHEAD_ALLOWED_MS:
        raise codes.ahead()
    if now_ms - timestamp > window:
        raise codes.outside_window()


def _number(text: str, name: str, category: Category) -> int:
    if not text.isascii() or not text.isdigit():
        raise codes.MANDATORY.refusal(category, name=name)
    return int(text)
