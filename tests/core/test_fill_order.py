"""The ledger is a function of the set of fills: arrival, repetition and restarts change nothing in it."""

from random import Random
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskbot.core import ledger as ledgers
from deskbot.core.durable import Durable
from deskbot.core.ledger import Ledger
from deskbot.core.money import UNIT, from_units, to_units
from deskbot.core.records import FillCorrected, Filled, Funded, Opened, Record, from_tuple, named
from tests.core.builds import interpreted_only
from tests.core.desk import MARKET
from tests.core.state_of import state_of
from tests.reference_ledger import ReferenceFill, ReferenceLedger, in_units


def filled(number: int, side: int, price: int, lots: int, fee: int = 0, fee_asset: str = "USDT") -> Filled:
    """Fill number so-and-so of the venue: two of them in each millisecond."""
    return Filled(
        at=number,
        market=MARKET,
        trade_id=f"t-{number}",
        client_id="c",
        side=side,
        price=price * UNIT,
        amount=lots * UNIT // 1000,
        lots=lots,
        fee=fee * UNIT // 10**8,
        fee_asset=fee_asset,
        fee_in_base=fee_asset == "BTC",
        maker=True,
        venue_ms=1000 + number // 2,
        sequence=number,
    )


@st.composite
def fills_of_a_day(draw: st.DrawFn) -> list[Filled]:
    """Fills in the venue's order."""
    count = draw(st.integers(0, 30))
    return [
        filled(
            number,
            draw(st.sampled_from((1, -1))),
            draw(st.integers(1, 10_000)),
            draw(st.integers(1, 5000)),
            draw(st.integers(-90_000, 90_000)),
            draw(st.sampled_from(("USDT", "BTC", "BNB"))),
        )
        for number in range(count)
    ]


def sums(ledger: Ledger) -> tuple[object, ...]:
    fees = dict(sorted(ledger.fees.items()))
    return ledger.position, ledger.cost, ledger.realised, ledger.cash, fees, ledger.fills, ledger.last_trade_id


def folded(fills: list[Filled]) -> Ledger:
    ledger = Ledger()
    for fill in fills:
        ledger.book(fill)
    return ledger


@given(fills_of_a_day(), st.randoms(use_true_random=False))
def test_any_order_of_arrival_gives_the_ledger_of_the_venues_order(fills: list[Filled], random: Random) -> None:
    arriving = random.sample(fills, len(fills))
    assert sums(folded(arriving)) == sums(folded(fills))


@given(fills_of_a_day(), st.randoms(use_true_random=False))
def test_any_arrival_agrees_with_the_reference_in_the_venues_order(fills: list[Filled], random: Random) -> None:
    ledger, reference = folded(random.sample(fills, len(fills))), ReferenceLedger("BTC")
    for one in fills:
        reference.add(
            ReferenceFill(one.side, from_units(one.price), from_units(one.amount), from_units(one.fee), one.fee_asset)
        )
    assert (ledger.position, ledger.realised) == (in_units(reference.position), in_units(reference.realised))
    assert abs(ledger.cost) == in_units(reference.cost)


@given(fills_of_a_day(), st.data())
def test_late_by_less_than_the_window_is_never_too_late(fills: list[Filled], data: st.DataObject) -> None:
    """Each fill is overtaken by fewer fills than the window holds, over many windows."""
    arriving = sorted(fills, key=lambda fill: fill.sequence + data.draw(st.integers(0, 3)))
    with patch.object(ledgers, "WINDOW", 4):
        assert sums(folded(arriving)) == sums(folded(fills))


@given(fills_of_a_day(), st.randoms(use_true_random=False))
def test_later_than_the_window_still_counts_in_every_sum_but_the_realised(fills: list[Filled], random: Random) -> None:
    arriving = random.sample(fills, len(fills))
    with patch.object(ledgers, "WINDOW", 2):
        late = folded(arriving)
    in_time = folded(fills)
    assert (late.position, late.cash, late.fees) == (in_time.position, in_time.cash, in_time.fees)
    assert late.fills == in_time.fills


@given(fills_of_a_day(), st.data())
def test_a_correction_gives_the_ledger_of_the_corrected_fill(fills: list[Filled], data: st.DataObject) -> None:
    if not fills:
        return
    index = data.draw(st.integers(0, len(fills) - 1))
    wrong = fills[index]
    asset = data.draw(st.sampled_from(("USDT", "BTC", "BNB")))
    record = FillCorrected(99, MARKET, wrong.trade_id, 77 * UNIT, 5 * 10**12, asset, asset == "BTC")
    ledger = folded(fills)
    ledger.correct(record)
    right = ledgers.corrected(wrong, record)
    expected = folded([*fills[:index], right, *fills[index + 1 :]])
    ledger.fees = {name: fee for name, fee in ledger.fees.items() if fee}
    expected.fees = {name: fee for name, fee in expected.fees.items() if fee}
    assert sums(ledger) == sums(expected)
    assert ledger.moved == ledger.position


def test_a_correction_is_of_the_price_and_the_fee_and_of_nothing_else() -> None:
    fill = filled(7, -1, 100, 3)
    fill.kind = "liquidation"
    record = FillCorrected(99, MARKET, "t-7", 77 * UNIT, 5, "BNB", fee_in_base=True)
    before, after = named(fill), named(ledgers.corrected(fill, record))
    changed = {field: value for field, value in after.items() if value != before[field]}
    assert changed == {"price": 77 * UNIT, "fee": 5, "fee_asset": "BNB", "fee_in_base": True}


@given(fills_of_a_day(), st.randoms(use_true_random=False), st.integers(0, 30))
def test_a_fill_is_found_by_its_trade_id_as_long_as_it_stands_in_the_window(
    fills: list[Filled], random: Random, corrections: int
) -> None:
    arriving = random.sample(fills, len(fills))
    ledger = Ledger()
    with patch.object(ledgers, "WINDOW", 4):
        for number, fill in enumerate(arriving):
            ledger.book(fill)
            if number < corrections:
                wrong = random.choice(arriving)
                ledger.correct(FillCorrected(99, MARKET, wrong.trade_id, 77 * UNIT, 5, "USDT", fee_in_base=False))
            standing = {booked.fill.trade_id: booked.fill for booked in ledger.window}
            again = Ledger()
            again.refill(list(standing.values()))
            for one in fills:
                assert ledger.in_window(one.trade_id) is again.in_window(one.trade_id) is standing.get(one.trade_id)


@given(fills_of_a_day(), st.randoms(use_true_random=False), st.integers(0, 30))
def test_replay_gives_the_same_state_bit_for_bit(fills: list[Filled], random: Random, opened_at: int) -> None:
    records: list[Record] = list(random.sample(fills, len(fills)))
    records.insert(min(opened_at, len(records)), Opened(5, MARKET, to_units(3), to_units(70)))
    records.append(Funded(6, MARKET, "f-1", -5, "USDT", 1001))
    if fills:
        records.append(FillCorrected(7, MARKET, fills[0].trade_id, fills[0].price, 3, "BNB", fee_in_base=False))
    live, again = Durable(), Durable()
    for record in records:
        live.apply(record)
        again.apply(from_tuple(record.row()))
    assert state_of(live) == state_of(again)


def test_nothing_is_put_before_the_position_a_journal_began_with() -> None:
    """The venue's average price at the opening holds what came before it."""
    ledger = Ledger()
    ledger.book(filled(4, 1, 100, 1000))
    ledger.open_with(to_units(1), to_units(200))
    ledger.book(filled(2, -1, 300, 2000))
    assert (ledger.position, ledger.cost, ledger.realised) == (0, 0, to_units(600 - 100 - 200))


@interpreted_only
def test_a_correction_of_what_left_the_window_changes_nothing() -> None:
    with patch.object(ledgers, "WINDOW", 1):
        ledger = folded([filled(n, 1, 100, 1) for n in range(4)])
        before = sums(ledger)
        ledger.correct(FillCorrected(9, MARKET, "t-0", 1, 1, "USDT", fee_in_base=False))
    assert sums(ledger) == before
    assert ledger.in_window("t-0") is None


@interpreted_only
def test_the_window_holds_one_to_two_windows_of_fills_and_no_more() -> None:
    with patch.object(ledgers, "WINDOW", 2):
        held = [len(folded([filled(n, 1, 100, 1) for n in range(count)]).window) for count in range(9)]
    assert held == [0, 1, 2, 3, 2, 3, 2, 3, 2]


@interpreted_only
def test_what_a_journal_began_with_is_added_to_what_had_left_the_window() -> None:
    with patch.object(ledgers, "WINDOW", 1):
        ledger = folded([filled(n, 1, 100, 1000) for n in range(3)])
        ledger.open_with(to_units(2), to_units(50))
    assert (ledger.position, ledger.cost, ledger.moved) == (to_units(5), to_units(400), to_units(5))


@given(fills_of_a_day(), st.integers(0, 30))
def test_a_window_put_back_upon_what_was_settled_is_the_ledger_it_was_taken_from(fills: list[Filled], at: int) -> None:
    whole, settled = folded(fills), folded(fills[:at])
    again = Ledger()
    again.settled_position, again.settled_cost = settled.position, settled.cost
    again.settled_realised = settled.realised
    again.refill(fills[at:])
    sums_of_the_fold = whole.position, whole.cost, whole.realised
    assert (again.position, again.cost, again.realised) == sums_of_the_fold
    after = [(booked.fill.trade_id, booked.position, booked.cost, booked.realised) for booked in again.window]
    assert after == [(one.fill.trade_id, one.position, one.cost, one.realised) for one in whole.window[at:]]
    assert [again.in_window(fill.trade_id) for fill in fills[at:]] == fills[at:]


@pytest.mark.parametrize("which", range(6))
def test_of_fills_that_the_venue_does_not_put_in_order_the_very_one_is_corrected(which: int) -> None:
    sides = (1, 1, 1, -1, 1, -1)
    fills = [filled(number, side, 100 + number, 1000 * (number + 1)) for number, side in enumerate(sides)]
    for fill in fills[2:]:
        fill.venue_ms, fill.sequence = 2000, 0
    record = FillCorrected(99, MARKET, f"t-{which}", 77 * UNIT, 5, "BNB", fee_in_base=False)
    ledger = folded(fills)
    ledger.correct(record)
    fills[which] = ledgers.corrected(fills[which], record)
    expected = folded(fills)
    for books in (ledger, expected):
        books.fees = {name: fee for name, fee in books.fees.items() if fee}
    assert sums(ledger) == sums(expected)
    assert [one.realised for one in ledger.window] == [one.realised for one in expected.window]
