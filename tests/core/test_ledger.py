"""The ledger against the plain reference, and sums that must always hold."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskbot.core.ledger import Ledger
from deskbot.core.money import UNIT, from_units, to_units
from deskbot.core.records import Filled
from tests.reference_ledger import ReferenceFill, ReferenceLedger, in_units


def filled(side: int, price: str, amount: str, fee: str = "0", fee_asset: str = "USDT", **more: int) -> Filled:
    return Filled(
        at=more.get("at", 1),
        market="BTC/USDT",
        trade_id=f"t-{more.get('venue_ms', 0)}",
        client_id="c",
        side=side,
        price=to_units(price),
        amount=to_units(amount),
        lots=1,
        fee=to_units(fee),
        fee_asset=fee_asset,
        fee_in_base=fee_asset == "BTC",
        maker=True,
        venue_ms=more.get("venue_ms", 0),
    )


FILLS = st.lists(
    st.builds(
        lambda side, cents, grams, fee, asset: filled(
            side, str(Decimal(cents) / 100), str(Decimal(grams) / 1000), str(Decimal(fee) / 10**8), asset
        ),
        st.sampled_from((1, -1)),
        st.integers(1, 10_000_000),
        st.integers(1, 5000),
        st.integers(-90_000, 90_000),
        st.sampled_from(("USDT", "BTC", "BNB")),
    ),
    max_size=40,
)


@given(FILLS)
def test_the_ledger_agrees_with_the_reference_to_the_last_digit(fills: list[Filled]) -> None:
    ledger, reference = Ledger(), ReferenceLedger("BTC")
    for fill in fills:
        ledger.book(fill)
        reference.add(
            ReferenceFill(
                fill.side, from_units(fill.price), from_units(fill.amount), from_units(fill.fee), fill.fee_asset
            )
        )
        assert ledger.position == in_units(reference.position)
        assert abs(ledger.cost) == in_units(reference.cost)
        assert ledger.cash == in_units(reference.cash)
        assert ledger.realised == in_units(reference.realised)
    assert ledger.fees == {asset: in_units(fee) for asset, fee in reference.fees.items()}
    assert ledger.fills == len(fills)


@given(FILLS)
def test_cash_cost_and_realised_always_add_up(fills: list[Filled]) -> None:
    """What was paid either still is in the position, was realised, or was taken in base at the fill's price."""
    ledger, taken = Ledger(), 0
    for fill in fills:
        ledger.book(fill)
        taken += fill.price * fill.fee // UNIT if fill.fee_in_base else 0
        assert ledger.cash + ledger.cost - ledger.realised + taken == 0


@given(FILLS, st.integers(1, 10**12))
def test_closing_at_a_price_realises_what_was_unrealised_at_it(fills: list[Filled], price: int) -> None:
    ledger = Ledger()
    for fill in fills:
        ledger.book(fill)
    price *= 10**8
    before, unrealised = ledger.realised, ledger.unrealised(price)
    side = -1 if ledger.position > 0 else 1
    last = filled(side, "1", "1")
    last.price, last.amount = price, abs(ledger.position)
    ledger.book(last)
    assert (ledger.position, ledger.cost, ledger.average_price) == (0, 0, 0)
    assert ledger.realised == before + unrealised


CASES = [
    ([filled(1, "100", "2")], ("2", "200", "0", "-200")),
    ([filled(1, "100", "2"), filled(1, "110", "2")], ("4", "420", "0", "-420")),
    ([filled(1, "100", "2"), filled(1, "110", "2"), filled(-1, "120", "1")], ("3", "315", "15", "-300")),
    ([filled(1, "100", "2"), filled(-1, "90", "5")], ("-3", "-270", "-20", "250")),
    ([filled(-1, "100", "2"), filled(1, "90", "2")], ("0", "0", "20", "20")),
    ([filled(1, "100", "1", "0.001", "BTC")], ("0.999", "99.9", "0", "-100")),
    ([filled(1, "100", "1", "0.001", "BTC"), filled(-1, "110", "0.999", "0.1")], ("0", "0", "9.99", "9.89")),
    ([filled(-1, "100", "1", "-0.001", "BTC")], ("-0.999", "-99.9", "0", "100")),
]


@pytest.mark.parametrize(("fills", "expected"), CASES)
def test_the_worked_examples_of_the_accounting_page(fills: list[Filled], expected: tuple[str, ...]) -> None:
    ledger = Ledger()
    for fill in fills:
        ledger.book(fill)
    assert [ledger.position, ledger.cost, ledger.realised, ledger.cash] == [to_units(value) for value in expected]


def test_the_removed_part_of_the_cost_is_rounded_and_the_rest_stays() -> None:
    ledger = Ledger()
    ledger.book(filled(1, "0.000000000000000001", "3"))
    ledger.book(filled(1, "0.000000000000000002", "1"))
    for _ in range(4):
        ledger.book(filled(-1, "1", "1"))
    assert (ledger.position, ledger.cost) == (0, 0)
    assert ledger.realised == to_units(4) - 5


def test_an_opening_position_is_valued_at_the_venues_price_and_then_like_any_other() -> None:
    ledger = Ledger()
    ledger.open_with(to_units(-2), to_units(100))
    assert (ledger.cost, ledger.average_price) == (to_units(-200), to_units(100))
    ledger.book(filled(1, "90", "1"))
    assert (ledger.realised, ledger.cash) == (to_units(10), to_units(-90))


def test_the_last_trade_is_the_venues_last_whatever_arrived_last() -> None:
    ledger = Ledger()
    ledger.book(filled(1, "1", "1", venue_ms=5))
    ledger.book(filled(1, "1", "1", venue_ms=3))
    assert (ledger.last_trade_id, ledger.last_venue_ms) == ("t-5", 5)


def test_there_is_no_last_fill_before_the_first_and_then_it_is_the_last_booked() -> None:
    ledger = Ledger()
    ledger.open_with(to_units(1), to_units(100))
    assert (ledger.last_fill_at, ledger.last_trade_id, ledger.last_venue_ms) == (0, "", 0)
    ledger.book(filled(1, "1", "1", at=7))
    assert ledger.last_fill_at == 7
