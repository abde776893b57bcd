"""What a venue does by itself: fees in other coins and late ones, funding, maintenance, liquidations, new steps, lost
history."""

from deskbot.core.commands import Cancel, QueryFills, QueryOrder
from deskbot.core.events import (
    AUTO_DELEVERAGING,
    LIQUIDATION,
    SETTLEMENT,
    CancelResult,
    Fill,
    FillsAnswer,
    Funding,
    PlaceResult,
    VenueLost,
    VenueReady,
)
from deskbot.core.instrument import SELL, Instrument
from deskbot.core.money import to_units
from deskbot.core.orders import CANCELLED, EXPIRED, OPEN, PENDING_CANCEL
from deskbot.core.orders import UNKNOWN as ORDER_UNKNOWN
from deskbot.core.records import FillsRead, Funded, Listed
from tests.core.desk import (
    EPOCH_MS,
    MARKET,
    SECOND,
    SPOT_MARKET,
    START,
    Desk,
    Wants,
    instrument,
    problem_of,
    restarted,
    sent,
    target,
)

DAY_MS = 86_400_000


def answer_fills(desk: Desk, *fills: Fill, fundings: tuple[Funding, ...] = ()) -> None:
    for asked in desk.questions(QueryFills):
        desk.say(
            FillsAnswer,
            request=asked.request,
            market=asked.market,
            complete=True,
            fills=list(fills),
            fundings=list(fundings),
        )


def funding(desk: Desk, amount: str, identity: str = "f-1", **changes: object) -> Funding:
    fields = {"at": desk.at, "market": MARKET, "funding_id": identity, "amount": to_units(amount), "asset": "USDT"}
    return Funding(**(fields | {"venue_ms": desk.at // 1_000_000} | changes))  # type: ignore[arg-type]


# fees in other coins and late ones


def test_f16_a_fee_in_a_third_coin_is_kept_to_the_last_digit_and_never_valued() -> None:
    desk, place = sent()
    desk.handle(desk.fill(place, 1, fee=to_units("0.000012345678901234"), fee_asset="BNB"))
    desk.handle(desk.fill(place, 1, "t-2", fee=to_units("0.000000000000000001"), fee_asset="BNB"))
    ledger = desk.durable.ledger(MARKET)
    assert ledger.fees == {"BNB": to_units("0.000012345678901235")}
    assert desk.engine.summary().pnl == ledger.unrealised(desk.engine._state.markets[MARKET].mid_price)


def test_f16_a_fee_that_the_list_states_late_is_booked_once_as_a_correction() -> None:
    desk, place = sent()
    desk.handle(desk.fill(place, 3, fee=0, fee_asset=""))
    late = desk.fill(place, 3, fee=to_units("0.5"), fee_asset="BNB")
    for _ in range(3):
        desk.calm(61)
        answer_fills(desk, late)
    assert desk.durable.ledger(MARKET).fees == {"": 0, "BNB": to_units("0.5")}
    assert desk.engine.summary().corrections == 1


def test_f16_a_late_fee_in_the_base_coin_of_spot_makes_the_position_smaller() -> None:
    desk = Desk(strategy=Wants(target(lots=3)), market=instrument(SPOT_MARKET)).trading()
    place = desk.placed()[0]
    desk.handle(desk.fill(place, 3, fee=0, fee_asset="USDT"))
    late = desk.fill(place, 3, fee=to_units("0.000003"), fee_asset="BTC")
    desk.calm(61)
    answer_fills(desk, late)
    assert desk.durable.ledger(SPOT_MARKET).position == to_units("0.002997")


# funding and the day


def test_funding_is_booked_once_by_stream_list_and_replay() -> None:
    desk, _ = sent()
    paid = funding(desk, "-0.6")
    desk.handle(paid)
    desk.handle(paid)
    desk.calm(61)
    answer_fills(desk, fundings=(paid, funding(desk, "0.1", "f-2")))
    assert desk.durable.ledger(MARKET).funding == {"USDT": to_units("-0.5")}
    assert desk.engine.summary().pnl == to_units("-0.5")
    again = Desk(prior=desk.records)
    again.handle(paid)
    assert again.durable.ledger(MARKET).funding == {"USDT": to_units("-0.5")}


def test_funding_of_before_the_journal_is_not_its() -> None:
    desk, _ = sent()
    desk.handle(funding(desk, "-0.6", venue_ms=EPOCH_MS - 1))
    assert not [record for record in desk.records if isinstance(record, Funded)]


def test_a_days_result_is_split_into_price_fees_and_funding() -> None:
    desk, place = sent()
    desk.accept(place)
    desk.handle(desk.fill(place, 3, fee=to_units("0.02")))
    desk.handle(funding(desk, "-0.3"))
    to_midnight = DAY_MS * SECOND // 1000 - desk.at % (DAY_MS * SECOND // 1000)
    desk.at += to_midnight
    desk.book("60010", "60010.1")
    desk.wait(0.1)
    desk.reconcile(position="0.003")
    desk.wait(0.1)
    assert desk.engine.summary().day_pnl == 0
    desk.handle(funding(desk, "0.1", "f-2"))
    desk.book("60030", "60030.1")
    summary = desk.engine.summary()
    assert (summary.day_funding, summary.day_fees) == (to_units("0.1"), 0)
    assert summary.day_price == to_units("0.06"), "three lots, twenty higher"
    assert summary.day_pnl == to_units("0.16")


# what the stream did not tell


def test_missed_executions_are_counted_and_more_than_five_at_once_are_a_notice() -> None:
    desk = Desk(strategy=Wants(target(lots=4), target("59990", lots=4, level=1))).trading()
    one, two = desk.placed()
    desk.calm(61)
    missed = [desk.fill(order, 1, f"{order.client_id}-{n}") for order in (one, two) for n in range(3)]
    answer_fills(desk, *missed[:5])
    assert (desk.engine.summary().missed_fills, desk.engine.summary().notices) == (5, [])
    desk.calm(61)
    forced = [desk.fill(desk.foreign(), 1, f"a-{n}", kind=AUTO_DELEVERAGING) for n in range(5)]
    answer_fills(desk, *missed, *forced)
    summary = desk.engine.summary()
    assert summary.missed_fills == 11
    assert "FillsMissed" in [reason for reason, _ in summary.notices]
    assert summary.state in ("Running", "Paused"), "a notice does not stop trading"
    desk.calm(61)
    answer_fills(desk, *missed)
    assert "FillsMissed" not in [reason for reason, _ in desk.engine.summary().notices]


# maintenance


def test_f24_after_maintenance_everything_is_compared_before_the_first_order() -> None:
    desk, place = sent()
    desk.accept(place)
    desk.say(VenueLost, reason="maintenance")
    desk.wait(600, step=60)
    desk.say(VenueReady, account_id="account", instruments={MARKET: desk.market})
    desk.book()
    desk.wait(2)
    assert not desk.placed()
    desk.venue()
    desk.reconcile()
    assert [q.client_id for q in desk.questions(QueryOrder)], "the list does not show it, so it is asked for"
    desk.handle(desk.report(place, CANCELLED, reason="maintenance"))
    desk.book()
    assert len(desk.placed()) == 1


# what the venue makes


def test_f25_a_liquidation_is_booked_although_no_order_of_ours_made_it() -> None:
    desk = Desk().begun_with("0.1")
    made = desk.foreign(side=SELL, lots=100)
    desk.handle(desk.fill(made, 100, "b-1", kind=LIQUIDATION, price=to_units("59000.05")))
    ledger = desk.durable.ledger(MARKET)
    assert (ledger.position, ledger.realised) == (0, to_units("-99.995"))
    summary = desk.engine.summary()
    assert summary.forced_fills == 1
    assert [reason for reason, _ in summary.notices] == ["Liquidation"]
    desk.wait(31)
    for _ in range(4):
        desk.reconcile(position="0")
        desk.wait(1.1)
    assert not problem_of(desk), "the venue's position is the journal's"


def test_f25_the_strategy_sees_that_the_venue_took_from_the_position() -> None:
    desk = Desk(strategy=Wants()).begun_with("0.1")
    made = desk.foreign(side=SELL, lots=10)
    desk.book()
    strategy = desk.strategy
    assert isinstance(strategy, Wants)
    assert strategy.seen[-1].forced == 0
    desk.handle(desk.fill(made, 10, "a-1", kind=AUTO_DELEVERAGING))
    desk.handle(desk.fill(made, 10, "a-1", kind=AUTO_DELEVERAGING))
    desk.handle(desk.fill(made, 10, "s-1", kind=SETTLEMENT))
    desk.book()
    assert strategy.seen[-1].forced == 2


def test_f25_what_was_forced_before_the_journal_or_on_spot_is_not_its() -> None:
    desk = Desk().begun_with("0.1")
    desk.handle(desk.fill(desk.foreign(side=SELL), 1, "b-1", kind=LIQUIDATION, venue_ms=EPOCH_MS - 1))
    spot = Desk(market=instrument(SPOT_MARKET)).trading()
    spot.handle(spot.fill(spot.foreign(market=SPOT_MARKET, side=SELL), 1, "b-2", kind=LIQUIDATION))
    assert desk.engine.summary().forced_fills == spot.engine.summary().forced_fills == 0


def test_f25_orders_that_the_venue_ends_by_itself_end_with_its_words() -> None:
    for state, words in ((CANCELLED, "self trade prevention"), (EXPIRED, "delisting")):
        desk, place = sent()
        desk.accept(place)
        desk.handle(desk.report(place, state, reason=words))
        assert desk.moves(place)[-1] == (state, words)


# other steps of a market


def finer() -> Instrument:
    return instrument(tick=to_units("0.01"), lot=to_units("0.0001"))


def coarser() -> Instrument:
    return instrument(tick=to_units("0.5"), lot=to_units("0.002"))


def relisted(desk: Desk, market: Instrument) -> None:
    """The venue opens again and lists the market otherwise."""
    desk.market = market
    desk.venue()


def test_f26_an_order_keeps_its_price_and_size_in_finer_steps() -> None:
    desk, place = sent()
    desk.accept(place)
    desk.handle(desk.fill(place, 1))
    relisted(desk, finer())
    order = desk.durable.orders[place.client_id]
    assert (order.price_ticks, order.lots, order.booked_lots) == (6_000_000, 30, 10)
    assert order.state == PENDING_CANCEL, "what was quoted under the old rules is pulled"
    desk.handle(desk.fill(place, 20, "t-2", ticks=6_000_000))
    assert desk.state(place) is None
    ledger = desk.durable.ledger(MARKET)
    assert (ledger.position, ledger.cost) == (to_units("0.003"), to_units(180))


def test_f26_an_order_that_does_not_fit_coarser_steps_counts_as_more_never_as_less() -> None:
    desk, place = sent()
    desk.accept(place)
    desk.handle(desk.fill(place, 1))
    relisted(desk, coarser())
    order = desk.durable.orders[place.client_id]
    assert order.at_risk_lots * desk.market.lot >= to_units("0.002")
    exact = {"price": to_units("60000"), "amount": to_units("0.001")}
    desk.handle(desk.fill(place, 1, "t-2", ticks=120_000, **exact))
    desk.handle(desk.fill(place, 1, "t-3", ticks=120_000, **exact))
    assert desk.durable.ledger(MARKET).position == to_units("0.003")
    desk.handle(desk.report(place, CANCELLED, filled=1))
    assert not [order for order in desk.live if order.client_id == place.client_id]


def test_f26_a_book_in_the_old_ticks_is_void() -> None:
    desk = Desk(strategy=Wants(target(lots=20))).trading()
    desk.placed()
    relisted(desk, finer())
    desk.reconcile()
    desk.wait(1)
    assert not desk.placed()
    assert desk.engine._state.markets[MARKET].view.bid == 0


def test_f26_a_restart_knows_what_the_journals_ticks_and_lots_meant() -> None:
    first, place = sent()
    first.accept(place)
    first.market = finer()
    desk = restarted(first)
    order = desk.durable.orders[place.client_id]
    assert (order.price_ticks, order.lots) == (6_000_000, 30)
    assert [(r.tick, r.lot) for r in desk.records if isinstance(r, Listed)] == [
        (to_units("0.1"), to_units("0.001")),
        (to_units("0.01"), to_units("0.0001")),
    ]


def test_f26_the_same_steps_again_change_nothing() -> None:
    desk, place = sent()
    desk.accept(place)
    desk.questions(Cancel)
    relisted(desk, instrument(min_notional=to_units(10)))
    assert desk.state(place) == OPEN
    assert sum(isinstance(record, Listed) for record in desk.records) == 1
    assert not desk.questions(Cancel)


# the cursor and the venue's memory


def test_a_restart_reads_on_from_the_last_reading_that_was_booked() -> None:
    first = Desk().trading()
    for _ in range(5):  # two hours and a half
        first.wait(1800, step=100)
        first.reconcile()
    read = [record.until_ms for record in first.records if isinstance(record, FillsRead)]
    assert len(read) == 3, "once an hour"
    desk = restarted(first)
    assert {c.since_ms for c in desk.questions(QueryFills)} == {read[-1] - 60_000}


def test_the_cursor_stays_where_it_was_when_an_answer_is_not_complete() -> None:
    desk, _ = sent()
    since = []
    for _ in range(3):
        desk.calm(61)
        for asked in desk.questions(QueryFills):
            since.append(asked.since_ms)
            desk.say(FillsAnswer, request=asked.request, market=MARKET, complete=False)
    assert len(set(since)) == 1


def test_funding_that_an_old_answer_did_not_show_is_found_though_later_executions_were_told() -> None:
    desk, place = sent()
    desk.accept(place)
    first = read_once(desk)
    paid_ms = desk.at // 1_000_000 - 2000  # the answer was of a visibility delay ago
    desk.wait(59, 1)
    desk.handle(desk.fill(place, place.lots))
    assert first.since_ms < read_once(desk).since_ms <= paid_ms


def read_once(desk: Desk) -> QueryFills:
    """Wait for the next question for executions, and answer that there are none."""
    while not (asked := desk.questions(QueryFills)):
        desk.wait(1, 1)
    desk.say(FillsAnswer, request=asked[-1].request, market=MARKET, complete=True)
    return asked[-1]


def away(days: int, **left: bool) -> Desk:
    """A bot that comes back after some days to a venue that shows thirty; what it left behind."""
    first, place = sent()
    if left.get("order"):
        first.accept(place)
    else:
        first.say(PlaceResult, client_id=place.client_id, outcome="rejected")
        first.strategy.wanted = []  # type: ignore[attr-defined]
        for order in first.live:
            first.say(PlaceResult, client_id=order.client_id, outcome="rejected")
    if left.get("position"):
        first.handle(first.fill(place, 1))
    desk = Desk(first.records, START + days * DAY_MS * 1_000_000)
    desk.say_control()
    desk.say(VenueReady, account_id="account", instruments={MARKET: desk.market}, fill_history_ms=30 * DAY_MS)
    desk.wait(0.1)
    return desk


def test_what_may_be_missing_beyond_the_venues_memory_is_a_problem_and_not_passed_over() -> None:
    for left in ({"order": True}, {"position": True}):
        desk = away(40, **left)
        assert problem_of(desk) == "FillsOutOfReach"
        problem = desk.engine.summary().problem
        assert problem is not None
        assert "of the last 41 days may be missing and the venue shows those of 30" in problem[1]
        desk.reconcile(position="0.001" if "position" in left else "0")
        assert problem_of(desk) == "FillsOutOfReach", "no reading mends it"
        assert not [record for record in desk.records if isinstance(record, FillsRead) and record.at > START + SECOND]
        again = restarted(desk)
        again.say(VenueReady, account_id="account", instruments={MARKET: desk.market}, fill_history_ms=30 * DAY_MS)
        assert problem_of(again) == "FillsOutOfReach", "nor does a restart"


def test_where_nothing_was_left_behind_nothing_can_be_missing() -> None:
    assert not problem_of(away(40))
    assert not problem_of(away(20, order=True))


# requests without a clear end


def test_c6_an_order_without_an_answer_is_unknown_after_thirty_seconds_and_audited() -> None:
    desk, place = sent()
    desk.calm(29)
    assert desk.moves(place) == []
    desk.calm(2)
    assert desk.moves(place) == [(ORDER_UNKNOWN, "no answer")]
    assert desk.questions(QueryOrder)


def test_f08_a_duplicate_id_adopts_the_first_order() -> None:
    desk, place = sent()
    desk.say(PlaceResult, client_id=place.client_id, outcome="unknown", reason="DuplicateClientId")
    desk.answer(place, "accepted", desk.report(place))
    assert desk.state(place) == OPEN
    desk.book()
    assert not desk.placed()


def test_f13_two_halves_of_a_replacement_are_resolved_apart() -> None:
    """A replacement is a cancel and a new order; either may succeed alone."""
    desk, place = sent()
    desk.accept(place)
    desk.strategy.wanted = [target("59990", lots=3)]  # type: ignore[attr-defined]
    desk.book()
    assert desk.questions(Cancel)
    desk.say(CancelResult, client_id=place.client_id, outcome="rejected", reason="409")
    assert desk.state(place) == PENDING_CANCEL
    assert not desk.placed()
    desk.handle(desk.report(place, CANCELLED))
    desk.book()
    (new,) = desk.placed()
    desk.say(PlaceResult, client_id=new.client_id, outcome="unknown", reason="409")
    assert desk.state(new) == ORDER_UNKNOWN
