"""Whatever is asked of the exchange and whatever the market does, these hold after every step."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from deskbot.matching import (
    Accepted,
    CancelFilter,
    Category,
    EndReason,
    Exchange,
    Latency,
    MarketStatus,
    OrderFilter,
    OrderReport,
    OrderStatus,
    Origin,
    SelfTrade,
    TimeInForce,
    TriggerDirection,
    retention,
)
from deskbot.matching.accounts import wanted_reservation
from deskbot.matching.ledger import MarketLedger
from deskbot.matching.listing import Filters
from deskbot.matching.orders import FINAL
from deskbot.matching.units import decimal
from tests.matching.market import LINEAR, MS, SPOT, Desk
from tests.reference_ledger import UNITS_PER_COIN, ReferenceFill, ReferenceLedger, in_units

BALANCES = {"USDT": Decimal(40_000), "BTC": Decimal("0.5")}
ACCOUNTS = ("alice", "bob")

Step = Callable[[Desk], Any]

PRICES = st.integers(59_996, 60_004)
MARKETS = st.sampled_from((LINEAR, SPOT))
SIDES = st.sampled_from(("buy", "sell"))
WHO = st.sampled_from(ACCOUNTS)


@dataclass(frozen=True)
class Named:
    """A step that prints as what it does, so that a failing example can be read."""

    name: str
    arguments: dict[str, Any]

    def __call__(self, desk: Desk) -> Any:
        return STEPS[self.name](desk, **self.arguments)


def place(desk: Desk, who: str, side: str, quantity: Decimal, price: int | None, market: str, **more: Any) -> Any:
    return desk.send(side, quantity, price, account=who, market=market, **more)


def cancel(desk: Desk, who: str, which: int) -> Any:
    orders = desk.exchange.open_orders(who)
    if orders:
        order = orders[which % len(orders)]
        return desk.exchange.cancel(desk.now_ns, who, order.market, order_id=order.order_id)
    return None


def cancel_all(desk: Desk, who: str, category: Category | None) -> Any:
    return desk.exchange.cancel_all(desk.now_ns, who, CancelFilter(category=category))


def amend(desk: Desk, who: str, which: int, price: int, quantity: Decimal) -> Any:
    orders = desk.exchange.open_orders(who)
    return desk.amend(orders[which % len(orders)], price=price, quantity=quantity) if orders else None


def trade(desk: Desk, price: int, size: Decimal, taker_buys: bool, market: str) -> None:
    desk.trade(price, size, taker_buys=taker_buys, market=market)


def quote(desk: Desk, mid: int, spread: int, size: Decimal, market: str) -> None:
    desk.quote((mid - spread, size), (mid + spread, size), market)


def snapshot(desk: Desk, mid: int, size: Decimal, market: str) -> None:
    desk.snapshot([(mid - n, size) for n in range(1, 5)], [(mid + n, size) for n in range(1, 5)], market)


def wait(desk: Desk, milliseconds: int) -> None:
    desk.settle(milliseconds)


def intervene(desk: Desk, what: str, who: str, market: str, price: int) -> None:
    """The venue acts on its own account."""
    INTERVENTIONS[what](desk, who, market, price)


COARSE = Filters(tick_size=Decimal(2), quantity_step=Decimal("0.01"))
INTERVENTIONS: dict[str, Callable[[Desk, str, str, int], Any]] = {
    "fund": lambda desk, _, market, price: desk.exchange.clearing.fund(market, Decimal(price - 60_000) / 1000),
    "liquidate": lambda desk, who, market, _: desk.exchange.clearing.liquidate(market, who),
    "deleverage": lambda desk, who, market, _: desk.exchange.clearing.deleverage(market, who, Decimal("0.001")),
    "mark": lambda desk, _, market, price: desk.exchange.clearing.set_mark(
        market, desk.exchange.listings[market].ticks(Decimal(price))
    ),
    "halt": lambda desk, _, market, __: desk.exchange.clearing.halt(market),
    "resume": lambda desk, _, market, __: desk.exchange.clearing.resume(market),
    "cancel": lambda desk, who, market, _: desk.exchange.clearing.cancel(EndReason.BY_VENUE, market, who, most=1),
    "coarsen": lambda desk, _, market, __: desk.exchange.clearing.change_filters(market, COARSE),
    "countdown": lambda desk, who, market, _: desk.exchange.arm(desk.now_ns, who, CancelFilter(market=market), 20 * MS),
    "delist": lambda desk, _, market, __: desk.exchange.clearing.delist(market),
}

STEPS: dict[str, Callable[..., Any]] = {
    step.__name__: step for step in (place, cancel, cancel_all, amend, trade, quote, snapshot, wait, intervene)
}


def named(step: Callable[..., Any], **arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Step]:
    return st.builds(Named, st.just(step.__name__), st.fixed_dictionaries(arguments))


def sizes(places: str, largest: int) -> st.SearchStrategy[Decimal]:
    return st.integers(1, largest).map(lambda count: count * Decimal(places))


QUANTITIES = sizes("0.001", 400)
PLAIN = named(
    place,
    who=WHO,
    side=SIDES,
    quantity=QUANTITIES,
    price=st.one_of(PRICES, st.none()),
    market=MARKETS,
    time_in_force=st.sampled_from((TimeInForce.GOOD_TILL_CANCELLED, TimeInForce.FILL_OR_KILL)),
)
SPECIAL = st.one_of(
    named(
        place,
        who=WHO,
        side=SIDES,
        quantity=QUANTITIES,
        price=PRICES,
        market=MARKETS,
        time_in_force=st.sampled_from((TimeInForce.POST_ONLY, TimeInForce.IMMEDIATE_OR_CANCEL)),
        self_trade=st.sampled_from(SelfTrade),
    ),
    named(
        place,
        who=WHO,
        side=SIDES,
        quantity=QUANTITIES,
        price=st.one_of(PRICES, st.none()),
        market=st.just(LINEAR),
        reduce_only=st.just(True),
    ),
    named(
        place,
        who=WHO,
        side=st.just("buy"),
        quantity=st.integers(5, 30_000).map(Decimal),
        price=st.none(),
        market=st.just(SPOT),
        quantity_is_cost=st.just(True),
    ),
    named(
        place,
        who=WHO,
        side=SIDES,
        quantity=QUANTITIES,
        price=st.one_of(PRICES, st.none()),
        market=st.just(LINEAR),
        trigger_price=PRICES.map(Decimal),
        trigger_direction=st.sampled_from(TriggerDirection),
        reduce_only=st.booleans(),
    ),
    named(
        place,
        who=WHO,
        side=SIDES,
        quantity=QUANTITIES,
        price=st.one_of(PRICES, st.none()),
        market=st.just(SPOT),
        trigger_price=PRICES.map(Decimal),
        order_filter=st.sampled_from((OrderFilter.STOP, OrderFilter.TPSL)),
    ),
)
REQUESTS = st.one_of(
    PLAIN,
    SPECIAL,
    named(cancel, who=WHO, which=st.integers(0, 9)),
    named(cancel_all, who=WHO, category=st.sampled_from((None, Category.SPOT, Category.LINEAR))),
    named(amend, who=WHO, which=st.integers(0, 9), price=PRICES, quantity=QUANTITIES),
)
MARKET = st.one_of(
    named(trade, price=PRICES, size=sizes("0.001", 2000), taker_buys=st.booleans(), market=MARKETS),
    named(quote, mid=PRICES, spread=st.integers(1, 3), size=sizes("0.001", 2000), market=MARKETS),
    named(snapshot, mid=PRICES, size=sizes("0.001", 2000), market=MARKETS),
    named(wait, milliseconds=st.integers(0, 30)),
)
VENUE = named(intervene, what=st.sampled_from(tuple(INTERVENTIONS)), who=WHO, market=MARKETS, price=PRICES)
TROUBLED = st.lists(st.one_of(PLAIN, PLAIN, REQUESTS, MARKET, MARKET, VENUE), min_size=25, max_size=60)
HISTORIES = st.lists(st.one_of(PLAIN, PLAIN, REQUESTS, MARKET, MARKET, MARKET), min_size=25, max_size=60)
LATENCIES = st.builds(Latency, entry_ns=st.sampled_from((0, 5 * MS)), cancel_ns=st.just(3 * MS), jitter_ns=st.just(MS))


def opened(latency: Latency, seed: int = 1) -> Desk:
    desk = Desk(balances=BALANCES, latency=latency, seed=seed)
    desk.exchange.open_account("bob", BALANCES)
    return desk


def check_orders(exchange: Exchange, who: str) -> None:
    executions = exchange.executions(who)
    for order in exchange.order_history(who):
        own = [fill for fill in executions if fill.order_id == order.order_id]
        assert order.filled_lots == sum(fill.lots for fill in own) <= order.lots
        assert order.filled_value == sum(fill.value_units for fill in own)
        assert (order.status is OrderStatus.FILLED) == (order.lots > 0 and order.remaining_lots == 0)
        assert order.reserved_units == wanted_reservation(order)
        if order.ticks and order.origin is Origin.OWNER:
            assert all((fill.order_ticks - fill.ticks) * order.side.sign >= 0 for fill in own)
        if order.time_in_force is TimeInForce.FILL_OR_KILL and order.ticks:
            assert order.filled_lots in {0, order.lots}
        if order.time_in_force is TimeInForce.POST_ONLY:
            assert all(fill.is_maker for fill in own)


def check_money(exchange: Exchange, who: str, balances: Mapping[str, Decimal]) -> None:
    """Hold the ground truth and the wallets of an account against the plain reference."""
    ledgers = {key: ReferenceLedger(listing.base) for key, listing in exchange.listings.items()}
    for fill in exchange.executions(who):
        listing = exchange.listings[fill.market]
        ledgers[fill.market].add(
            ReferenceFill(
                fill.side.sign,
                listing.price(fill.ticks),
                listing.quantity(fill.lots),
                decimal(fill.fee_units),
                fill.fee_asset,
            )
        )
    truth = exchange.ground_truth(who)
    for key, plain in ledgers.items():
        if key not in truth.markets:
            assert plain.position == plain.cash == 0
            continue
        told = truth.markets[key]
        assert told.position_units == in_units(plain.position)
        assert told.cost_units == in_units(plain.cost)
        assert told.cash_units == in_units(plain.cash)
        assert told.realised_units == in_units(plain.realised)
        assert told.fees == {asset: in_units(fee) for asset, fee in plain.fees.items()}
    for key, told in truth.markets.items():
        assert told.funding_units == sum(paid.paid_units for paid in exchange.fundings(who) if paid.market == key)
    expected = {asset: Fraction(amount) for asset, amount in balances.items()}
    for key, plain in ledgers.items():
        listing = exchange.listings[key]
        if listing.category is Category.LINEAR:
            expected[listing.settle] += plain.realised - plain.fees.get(listing.settle, 0)
            if key in truth.markets:
                expected[listing.settle] -= Fraction(truth.markets[key].funding_units, UNITS_PER_COIN)
        else:
            expected[listing.base] += plain.position
            expected[listing.quote] += plain.cash - plain.fees.get(listing.quote, 0)
    wallets = exchange.wallet(who)
    assert {asset: wallet.balance_units for asset, wallet in wallets.items()} == {
        asset: in_units(amount) for asset, amount in expected.items()
    }


def check_sides(exchange: Exchange, who: str) -> None:
    """Positions are the sums of the fills; nothing rests on a market that is closed."""
    for key, told in exchange.ground_truth(who).markets.items():
        listing = exchange.listings[key]
        fills = [fill for fill in exchange.executions(who) if fill.market == key]
        base_fees = sum(fill.fee_units for fill in fills if fill.fee_asset == listing.base)
        lots = sum(fill.side.sign * fill.lots for fill in fills)
        assert told.position_units == lots * listing.step_units - base_fees
        assert told.forced == Counter(fill.origin for fill in fills if fill.origin is not Origin.OWNER)
        if exchange.status(key) is MarketStatus.CLOSED:
            assert listing.category is Category.SPOT or told.position_units == 0
            assert not [order for order in exchange.open_orders(who) if order.market == key]


def seen(exchange: Exchange) -> str:
    """Everything an owner can read, as text; times of reading are left out."""
    told: list[object] = []
    for who in ACCOUNTS:
        orders = exchange.order_history(who)
        told += [(one.order_id, one.status, one.lots, one.filled_lots, one.ticks, one.updated_ns) for one in orders]
        told += [one.order_id for one in exchange.open_orders(who)]
        told += exchange.executions(who)
        told += exchange.fundings(who)
        told += [(name, one.balance_units, one.locked_units) for name, one in exchange.wallet(who).items()]
        position = exchange.position(who, LINEAR)
        told += [position.lots, position.cost_units, position.realised_units]
    return repr(told)


def check_locks(exchange: Exchange, who: str) -> None:
    wallets = exchange.wallet(who)
    held = dict.fromkeys(wallets, 0)
    holder = exchange._settlement.accounts[who]
    for order in holder.active.values():
        assert order.status not in FINAL
        if order.listing.category is Category.SPOT:
            held[order.listing.quote if order.side == "buy" else order.listing.base] += order.reserved_units
    assert {asset: wallet.locked_units for asset, wallet in wallets.items()} == held
    # Nothing but a linear loss may take what spot orders hold; prices here move too little for one to be that large.
    assert all(0 <= wallet.locked_units <= wallet.balance_units for wallet in wallets.values())


@given(history=HISTORIES, latency=LATENCIES)
def test_money_and_orders_add_up_after_every_step(history: list[Step], latency: Latency) -> None:
    desk = opened(latency)
    for step in history:
        step(desk)
        for who in ACCOUNTS:
            check_locks(desk.exchange, who)
    for who in ACCOUNTS:
        check_orders(desk.exchange, who)
        check_money(desk.exchange, who, BALANCES)


@given(history=TROUBLED, latency=LATENCIES)
def test_money_adds_up_whatever_the_venue_does_on_its_own_account(history: list[Step], latency: Latency) -> None:
    desk = opened(latency)
    for step in history:
        step(desk)
    desk.settle(1000)
    for who in ACCOUNTS:
        check_money(desk.exchange, who, BALANCES)
        check_sides(desk.exchange, who)


@settings(max_examples=25, deadline=None)
@given(history=TROUBLED, latency=LATENCIES, ago=st.integers(0, 60))
def test_what_is_seen_late_is_what_was_seen_then(history: list[Step], latency: Latency, ago: int) -> None:
    desk = opened(latency)
    then: dict[int, str] = {}
    for step in history:
        step(desk)
        then[desk.now_ns] = seen(desk.exchange)
    for at_ns in list(then)[-ago - 1 :]:
        with desk.exchange.seen_as_of(at_ns):
            assert seen(desk.exchange) == then[at_ns]


@settings(max_examples=25, deadline=None)
@given(history=TROUBLED, latency=LATENCIES, orders=st.integers(1, 10), executions=st.integers(1, 10))
def test_what_is_not_kept_any_more_is_still_in_the_sums(
    history: list[Step], latency: Latency, orders: int, executions: int
) -> None:
    desk = opened(latency)
    for step in history:
        step(desk)
        for who in ACCOUNTS:
            retention.trim(desk.exchange._settlement.accounts[who], orders, executions)
    for who in ACCOUNTS:
        exchange, truth = desk.exchange, desk.exchange.ground_truth(who)
        ledgers = exchange.ledgers_before(who)
        kept = exchange.executions(who)
        for fill in kept:
            ledger = ledgers.setdefault(fill.market, MarketLedger(exchange.listings[fill.market]))
            ledger.fill(fill.side, fill.ticks, fill.lots, fill.fee_units, fill.fee_asset, fill.origin)
        for paid in exchange.fundings(who):
            ledgers.setdefault(paid.market, MarketLedger(exchange.listings[paid.market])).fund(paid.paid_units)
        assert {key: ledger.truth() for key, ledger in ledgers.items()} == truth.markets
        assert len(kept) <= executions * 1.1
        assert truth.executions == sum(one.fills for one in truth.markets.values())
        assert len([one for one in exchange.order_history(who) if one.status in FINAL]) <= max(orders * 1.1, 1)


@given(history=HISTORIES, latency=LATENCIES)
def test_after_cancelling_everything_nothing_is_open_and_nothing_is_locked(
    history: list[Step], latency: Latency
) -> None:
    desk = opened(latency)
    for step in history:
        step(desk)
    for who in ACCOUNTS:
        desk.exchange.cancel_all(desk.now_ns, who, CancelFilter())
    desk.settle(1000)
    for who in ACCOUNTS:
        truth = desk.exchange.ground_truth(who)
        assert (truth.open_orders, truth.orders_in_flight) == (0, 0)
        assert all(wallet.locked_units == 0 for wallet in desk.exchange.wallet(who).values())


@given(history=HISTORIES, latency=LATENCIES, seed=st.integers(0, 3))
def test_the_same_seed_gives_the_same_reports_byte_for_byte(history: list[Step], latency: Latency, seed: int) -> None:
    def told() -> str:
        desk = opened(latency, seed)
        for step in history:
            step(desk)
        desk.settle(1000)
        return "\n".join(map(repr, desk.exchange.drain_reports()))

    assert told() == told()


@given(history=HISTORIES, latency=LATENCIES)
def test_reports_are_numbered_without_gaps_and_an_order_once_final_stays_so(
    history: list[Step], latency: Latency
) -> None:
    desk = opened(latency)
    for step in history:
        step(desk)
    desk.settle(1000)
    reports = desk.exchange.drain_reports()
    if reports:
        assert [r.sequence for r in reports] == list(range(reports[0].sequence, reports[0].sequence + len(reports)))
    assert [r.time_ns for r in reports] == sorted(r.time_ns for r in reports)
    final: set[str] = set()
    filled: dict[str, int] = {}
    for report in reports:
        if isinstance(report, OrderReport):
            assert report.order_id not in final
            assert filled.get(report.order_id, 0) <= report.filled_lots
            filled[report.order_id] = report.filled_lots
            if report.status in FINAL:
                final.add(report.order_id)


def test_another_seed_gives_other_ids_and_another_jitter() -> None:
    first, second = (opened(Latency(entry_ns=5 * MS, jitter_ns=MS), seed) for seed in (1, 2))
    answers = [desk.send("buy", "0.1", 59_000) for desk in (first, second)]
    assert all(isinstance(answer, Accepted) for answer in answers)
    assert answers[0].order_id != answers[1].order_id
    assert first.exchange.next_due() != second.exchange.next_due()
