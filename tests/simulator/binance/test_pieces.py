"""The dialect's small parts, without a socket: numbers, ids, signatures, fees, words."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskbot.matching import Category, Exchange, Listing, Refusal
from deskbot.matching.units import ONE, units
from deskbot.simulator.binance import codes, dialect, signature
from deskbot.simulator.binance.listings import as_binance_lists
from deskbot.simulator.binance.refusals import refuse
from deskbot.simulator.binance.texts import average, eight, number_of, order_id_of, places, price, quantity
from deskbot.simulator.listings import BTCUSDT_LINEAR, BTCUSDT_SPOT, LISTINGS

SPOT, LINEAR = as_binance_lists(BTCUSDT_SPOT), as_binance_lists(BTCUSDT_LINEAR)
# the worked example of Binance's "SIGNED Endpoint Examples for POST /api/v3/order"
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
ORDER = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"
SIGNATURE = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"


@given(st.integers(-(10**30), 10**30))
def test_money_is_printed_with_eight_decimals_and_never_loses_a_digit(amount: int) -> None:
    text = eight(amount)
    assert Fraction(text) == Fraction(amount, ONE)
    assert len(text.partition(".")[2]) >= 8 or amount % 10**10


def test_prices_and_quantities_have_the_places_of_their_side() -> None:
    assert (price(SPOT, 6_180_020), quantity(SPOT, 150)) == ("61800.20000000", "0.00150000")
    assert (price(LINEAR, 618_002), quantity(LINEAR, 150)) == ("61800.20", "0.150")
    assert average(LINEAR, 0, 0) == "0.00000000"
    assert average(LINEAR, LINEAR.value(618_002, 7), 7) == "61800.20000000"


@pytest.mark.parametrize(("step", "count"), [("0.10", 1), ("0.00001", 5), ("1", 0), ("10", 0)])
def test_a_step_has_as_many_places_as_it_needs(step: str, count: int) -> None:
    assert places(Decimal(step)) == count


@given(st.integers(1, 2**24 - 1))
def test_an_order_number_leads_back_to_its_order_and_to_no_other(count: int) -> None:
    exchange, other = (Exchange([SPOT], seed=seed) for seed in (1, 2))
    number = number_of(exchange.order_id(count))
    assert number < 2**53
    assert order_id_of(exchange, number) == exchange.order_id(count)
    assert order_id_of(other, number) != other.order_id(count)
    assert number_of(exchange.order_id(count - 1)) < number


@given(st.integers(1, 10**9), st.integers(1, 10**7), st.booleans())
def test_a_commission_has_eight_decimals_and_is_never_too_small(ticks: int, lots: int, maker: bool) -> None:
    value = LINEAR.value(ticks, lots)
    exact = Fraction(value) * units(LINEAR.maker_rate if maker else LINEAR.taker_rate) / ONE
    fee = LINEAR.fee(value, maker=maker)
    assert fee % 10**10 == 0
    assert exact <= fee < exact + 10**10


def test_the_documented_example_is_verified() -> None:
    now_ms = 1499827319559
    parameters = dict(part.split("=") for part in ORDER.split("&")) | {"signature": SIGNATURE}
    signature.verify(parameters, f"{ORDER}&signature={SIGNATURE}", SECRET, now_ms + 5000, Category.SPOT)
    with pytest.raises(codes.Refusal, match="-1022"):
        signature.verify(parameters, f"{ORDER}0&signature={SIGNATURE}", SECRET, now_ms, Category.SPOT)
    for wrong_ms in (now_ms + 5001, now_ms - 1000):
        with pytest.raises(codes.Refusal, match="-1021"):
            signature.verify(parameters, ORDER, SECRET, wrong_ms, Category.SPOT)


@pytest.mark.parametrize("reason", Refusal)
@pytest.mark.parametrize("listing", [SPOT, LINEAR])
def test_every_reason_of_the_exchange_has_words(reason: Refusal, listing: Listing) -> None:
    refusal = refuse(reason, listing)
    assert refusal.code < -1000
    assert refusal.message
    assert "{" not in refusal.message.replace("{1,36}", "")


def test_every_listing_of_the_simulator_has_binances_rules() -> None:
    for listing in map(as_binance_lists, LISTINGS.values()):
        assert listing.reuses_link_ids
        assert listing.fee_places == 8
        assert listing.min_lots == 1


def test_paths_belong_to_one_side_of_the_venue() -> None:
    assert {dialect.side_of(path) for _, path in dialect.SPOT} == {Category.SPOT}
    assert {dialect.side_of(path) for _, path in dialect.LINEAR} == {Category.LINEAR}
