"""The small parts that stand alone: numbers as text, signatures, accounts, request log."""

import hashlib
import hmac
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskbot.matching import Refusal
from deskbot.matching.units import units
from deskbot.simulator.accounts import Trait, parse_account
from deskbot.simulator.bybit import codes
from deskbot.simulator.bybit.rate_limit import AddressLimits, RateLimits
from deskbot.simulator.bybit.refusals import RULES
from deskbot.simulator.bybit.signature import Signed, read_headers, verify_request
from deskbot.simulator.numbers import Ladder, ratio
from deskbot.simulator.request_log import RequestLog

STEPS = [Decimal(text) for text in ("0.1", "0.01", "0.5", "0.000001", "1", "10", "0.25", "1e-18")]


@given(count=st.integers(-(10**12), 10**12), step=st.sampled_from(STEPS))
def test_a_ladder_prints_exactly_the_multiple_with_the_decimals_of_its_step(count: int, step: Decimal) -> None:
    text = Ladder(units(step)).text(count)
    assert Decimal(text) == count * step
    assert len(text.partition(".")[2]) == max(0, -int(step.normalize().as_tuple().exponent))


def test_a_ratio_is_cut_and_zero_over_zero() -> None:
    assert ratio(1, 3) == "0.33333333"
    assert ratio(5, 0) == "0"


def _sign(key: str, timestamp: int, window: int, payload: str, secret: str) -> Signed:
    origin = f"{timestamp}{key}{window}{payload}".encode()
    return Signed(key, timestamp, window, hmac.new(secret.encode(), origin, hashlib.sha256).hexdigest())


@given(offset=st.integers(-10_000, 10_000), window=st.integers(0, 8_000))
def test_a_request_is_taken_within_its_window_and_up_to_a_second_ahead(offset: int, window: int) -> None:
    now = 1_700_000_000_000
    signed = _sign("key", now + offset, window, "a=1", "secret")
    if -window <= offset < 1_000:
        verify_request(signed, "secret", "a=1", now)
    else:
        with pytest.raises(codes.Refusal, match="10002"):
            verify_request(signed, "secret", "a=1", now)


@given(payload=st.text(), other=st.text())
def test_a_signature_holds_for_its_payload_alone(payload: str, other: str) -> None:
    signed = _sign("key", 1000, 5000, payload, "secret")
    verify_request(signed, "secret", payload, 1000)
    if other != payload:
        with pytest.raises(codes.Refusal, match="10004"):
            verify_request(signed, "secret", other, 1000)


def test_headers_without_a_key_or_with_a_broken_time_are_refused() -> None:
    with pytest.raises(codes.Refusal, match="10003"):
        read_headers({})
    with pytest.raises(codes.Refusal, match="10001"):
        read_headers({"X-BAPI-API-KEY": "key", "X-BAPI-TIMESTAMP": "soon"})


def test_every_refusal_of_the_exchange_has_a_code_in_both_categories() -> None:
    assert set(RULES) == set(Refusal)
    for rule in RULES.values():
        assert rule.linear[0] != 0
        assert rule.spot[0] != 0


def test_the_allowance_is_per_account_and_endpoint_and_comes_back_each_second() -> None:
    limits = RateLimits(per_second=2)
    assert [limits.take("key", "/a", 0).remaining for _ in range(2)] == [1, 0]
    with pytest.raises(codes.Refusal, match="10006"):
        limits.take("key", "/a", 999_999_999)
    assert limits.take("key", "/b", 0).remaining == 1
    assert limits.take("other", "/a", 0).remaining == 1
    assert limits.take("key", "/a", 1_000_000_000).headers()["X-Bapi-Limit-Reset-Timestamp"] == "2000"


def test_an_address_that_asks_too_much_is_banned_for_ten_minutes_and_others_are_not() -> None:
    limits = AddressLimits(per_window=2)
    for address in ("a", "a", "b"):
        limits.take(address, 0)
    for now_s in (1, 5, 599):
        with pytest.raises(codes.Refusal, match="10018"):
            limits.take("a", now_s * 1_000_000_000)
        limits.take("b", now_s * 1_000_000_000)
    limits.take("a", 602 * 1_000_000_000)


def test_without_a_limit_no_address_is_banned() -> None:
    limits = AddressLimits(per_window=0)
    for _ in range(5000):
        limits.take("a", 0)


def test_an_account_is_read_from_one_line() -> None:
    account = parse_account("key:secret:USDT=10000.5,btc=1:hedge,withdraw")
    assert account.balances == {"USDT": Decimal("10000.5"), "BTC": Decimal(1)}
    assert account.traits == {Trait.HEDGE, Trait.WITHDRAW}
    assert "secret" not in repr(account)


@pytest.mark.parametrize(
    "text",
    ["key", "key:topsecret", ":topsecret:USDT=1", "k:topsecret:USDT", "k:topsecret:USDT=-1", "k:topsecret:U=1:bold"],
)
def test_a_broken_account_is_one_line_that_keeps_the_secret(text: str) -> None:
    with pytest.raises(ValueError, match=r"account|COIN=AMOUNT|trait") as refused:
        parse_account(text)
    assert "topsecret" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_request_log_is_a_ring_and_answers_filters() -> None:
    log = RequestLog(capacity=3)
    for number in range(5):
        log.open(number, "GET" if number % 2 else "POST", f"/v5/{number}", {"n": number}, "key").code = number
    assert [entry.number for entry in log.find({})] == [3, 4, 5]
    assert [entry.path for entry in log.find({"method": "POST"})] == ["/v5/2", "/v5/4"]
    assert [entry.code for entry in log.find({"path": "/v5/[34]", "account": "key"})] == [3, 4]
    assert [entry.code for entry in log.find({"code": "4"})] == [4]
    assert [entry.number for entry in log.find({"after": "4"})] == [5]
    assert [entry.number for entry in log.find({"limit": "1"})] == [5]
    with pytest.raises(ValueError, match="limit is 'x'"):
        log.find({"limit": "x"})
