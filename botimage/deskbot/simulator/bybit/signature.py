"""Who is asking: API key, signature, timestamp and receive window, each checked as Bybit does.

REST signs `timestamp + key + recv_window + (query string | body)`; the private stream signs `GET/realtime` + expiry.
Both are HMAC-SHA256 over the un-prefixed request, so the venue's host may sit in the path without changing anything.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from deskbot.simulator.bybit import codes

DEFAULT_RECEIVE_WINDOW_MS = 5_000
AHEAD_ALLOWED_MS = 1_000


@dataclass(frozen=True, slots=True)
class Signed:
    """The authentication headers of one request."""

    key: str
    timestamp_ms: int
    window_ms: int
    signature: str


def read_headers(headers: Mapping[str, str]) -> Signed:
    """Raises `Refusal` 10003 without a key and 10001 with a malformed number."""
    key = headers.get("X-BAPI-API-KEY", "")
    if not key:
        raise codes.invalid_key()
    timestamp = headers.get("X-BAPI-TIMESTAMP", "")
    window = headers.get("X-BAPI-RECV-WINDOW", str(DEFAULT_RECEIVE_WINDOW_MS))
    return Signed(key, _number("timestamp", timestamp), _number("recv_window", window), headers.get("X-BAPI-SIGN", ""))


def _number(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise codes.INVALID_PARAMETER.refusal("", name=name)
    return int(text)


def verify_request(signed: Signed, secret: str, payload: str, now_ms: int) -> None:
    """`payload` is the raw query string of a GET or the raw body of a POST. Raises `Refusal` 10002 or 10004."""
    verify_timestamp(signed.timestamp_ms, signed.window_ms, now_ms)
    origin = f"{signed.timestamp_ms}{signed.key}{signed.window_ms}{payload}"
    if not _matches(origin, secret, signed.signature):
        raise codes.invalid_signature(origin)


def verify_timestamp(timestamp_ms: int, window_ms: int, now_ms: int) -> None:
    """The venue's rule: server_time - recv_window <= timestamp < server_time + 1000."""
    if not now_ms - window_ms <= timestamp_ms < now_ms + AHEAD_ALLOWED_MS:
        raise codes.expired(timestamp_ms, now_ms, window_ms)


def verify_stream(expires_ms: int, secret: str, signature: str, now_ms: int) -> None:
    """Raises `Refusal` 10004 for a wrong signature or an expiry that has passed."""
    if expires_ms < now_ms or not _matches(f"GET/realtime{expires_ms}", secret, signature):
        raise codes.Refusal(10004, "error sign, please check your signature generation algorithm.")


def _matches(origin: str, secret: str, signature: str) -> bool:
    expected = hmac.new(secret.encode(), origin.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode())
