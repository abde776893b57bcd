"""A small market to test on: a book by hand, requests in one line, reports by kind."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar, overload

from deskbot.matching import (
    Accepted,
    Amendment,
    BestQuote,
    CancelFilter,
    Delta,
    Exchange,
    ExecutionReport,
    Latency,
    NewOrder,
    Order,
    OrderReport,
    OrderStatus,
    OrderType,
    PublicTrade,
    QueueModel,
    Refusal,
    Report,
    Side,
    Snapshot,
)
from deskbot.simulator.listings import BTCUSDT_LINEAR, BTCUSDT_SPOT

LINEAR = BTCUSDT_LINEAR.key
SPOT = BTCUSDT_SPOT.key
MS = 1_000_000
RICH = {"USDT": Decimal(1_000_000), "BTC": Decimal(10)}

Kind = TypeVar("Kind", bound=Report)


class Desk:
    """An exchange with one account, and both markets at 60 000.

    Bids and asks lie one whole dollar apart around 60 000, ten levels a side, one coin each; the touch is
    59 999 / 60 001. Prices of the helpers are whole dollars, sizes coins.
    """

    def __init__(
        self,
        *,
        balances: Mapping[str, Decimal] = RICH,
        latency: Latency | None = None,
        seed: int = 1,
        queue_model: QueueModel = QueueModel.PROPORTIONAL,
    ) -> None:
        self.exchange = Exchange(
            (BTCUSDT_LINEAR, BTCUSDT_SPOT), seed=seed, latency=latency, queue_model=queue_model, start_ns=0
        )
        self.exchange.open_account("alice", balances)
        self.now_ns = 0
        self._update_id = 0
        for market in (LINEAR, SPOT):
            self.snapshot([(60_000 - n, 1) for n in range(1, 11)], [(60_000 + n, 1) for n in range(1, 11)], market)
            self.trade(60_000, "0.5", market=market)
        self.reports()

    # the recording

    def snapshot(self, bids: list[tuple[int, Any]], asks: list[tuple[int, Any]], market: str = LINEAR) -> None:
        self._happen(
            Snapshot(market, self._tick(), self._next(), self._levels(market, bids), self._levels(market, asks))
        )

    def delta(
        self, bids: Sequence[tuple[int, Any]] = (), asks: Sequence[tuple[int, Any]] = (), market: str = LINEAR
    ) -> None:
        self._happen(Delta(market, self._tick(), self._next(), self._levels(market, bids), self._levels(market, asks)))

    def quote(self, bid: tuple[int, Any], ask: tuple[int, Any], market: str = LINEAR) -> None:
        [(bid_ticks, bid_lots), (ask_ticks, ask_lots)] = self._levels(market, [bid, ask])
        self._happen(BestQuote(market, self._tick(), self._next(), bid_ticks, bid_lots, ask_ticks, ask_lots))

    def trade(self, price: int, size: Any, *, taker_buys: bool = False, market: str = LINEAR) -> None:
        [(ticks, lots)] = self._levels(market, [(price, size)])
        self._happen(PublicTrade(market, self._tick(), ticks, lots, taker_buys))

    # requests

    def create(self, side: str, quantity: Any, price: Any = None, *, account: str = "alice", **more: Any) -> Any:
        """Place an order and let it arrive; market orders have no price."""
        answer = self.send(side, quantity, price, account=account, **more)
        self.settle()
        return answer

    def send(self, side: str, quantity: Any, price: Any = None, *, account: str = "alice", **more: Any) -> Any:
        """Place an order without letting time go on."""
        wanted = NewOrder(
            market=more.pop("market", LINEAR),
            side=Side(side),
            type=OrderType.MARKET if price is None else OrderType.LIMIT,
            quantity=Decimal(str(quantity)),
            price=None if price is None else Decimal(str(price)),
            **more,
        )
        return self.exchange.create(self.now_ns, account, wanted)

    def order(self, side: str, quantity: Any, price: Any = None, **more: Any) -> Order:
        """Place an order, let it arrive, and give it back as the exchange keeps it."""
        answer = self.create(side, quantity, price, **more)
        assert isinstance(answer, Accepted), answer
        found = self.exchange.find_order(more.get("account", "alice"), order_id=answer.order_id)
        assert found is not None
        return found

    def order_after(self, milliseconds: int, side: str, quantity: Any, price: Any = None, **more: Any) -> Order:
        """Place an order and give it back as it stands that much later."""
        answer = self.send(side, quantity, price, **more)
        assert isinstance(answer, Accepted), answer
        self.settle(milliseconds)
        found = self.exchange.find_order("alice", order_id=answer.order_id)
        assert found is not None
        return found

    def amend(self, order: Order, **change: Any) -> Any:
        """Amend an order and let that arrive; prices and quantities as anything that prints as a decimal."""
        terms: dict[str, Any] = {name: Decimal(str(value)) for name, value in change.items()}
        wanted = Amendment(market=order.market, order_id=order.order_id, **terms)
        answer = self.exchange.amend(self.now_ns, order.account, wanted)
        self.settle()
        return answer

    def cancel_all(self, **which: Any) -> list[Accepted]:
        answer = self.exchange.cancel_all(self.now_ns, "alice", CancelFilter(**which))
        self.settle()
        return answer

    def settle(self, milliseconds: int = 0) -> None:
        """Let time go on and everything due happen."""
        self.now_ns += milliseconds * MS
        self.exchange.advance(self.now_ns)

    # what came of it

    @overload
    def reports(self) -> list[Report]: ...

    @overload
    def reports(self, kind: type[Kind]) -> list[Kind]: ...

    def reports(self, kind: Any = Report) -> list[Any]:
        """The reports of one kind since the last call; the others are dropped."""
        return [report for report in self.exchange.drain_reports() if isinstance(report, kind)]

    def fills(self, account: str = "alice") -> list[tuple[Any, ...]]:
        """Every execution so far as (side, price, quantity, maker or taker)."""
        return [
            (
                str(fill.side),
                self.exchange.listings[fill.market].price(fill.ticks),
                self.exchange.listings[fill.market].quantity(fill.lots),
                "maker" if fill.is_maker else "taker",
            )
            for fill in self.exchange.executions(account)
        ]

    def ahead(self, order: Order) -> Decimal:
        """The size queued before an order."""
        return order.listing.quantity(order.ahead)

    def status(self, order: Order) -> OrderStatus:
        """The status of an order as it is by now."""
        return order.status

    def _happen(self, event: Any) -> None:
        self.exchange.market_event(event)

    def _tick(self) -> int:
        self.now_ns += MS
        return self.now_ns

    def _next(self) -> int:
        self._update_id += 1
        return self._update_id

    def _levels(self, market: str, levels: Sequence[tuple[int, Any]]) -> list[tuple[int, int]]:
        listing = BTCUSDT_LINEAR if market == LINEAR else BTCUSDT_SPOT
        converted = [(listing.ticks(Decimal(str(price))), listing.lots(Decimal(str(size)))) for price, size in levels]
        return [(ticks, lots) for ticks, lots in converted if ticks is not None and lots is not None]


__all__ = ["LINEAR", "MS", "SPOT", "Desk", "ExecutionReport", "OrderReport", "Refusal"]
