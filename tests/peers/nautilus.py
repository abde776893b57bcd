"""The reference workload in NautilusTrader; run by that environment's python:
`-m tests.peers.nautilus TAPE REQUOTE OFFSET`.

Its backtest engine with a margin account, netting, and a book of best prices; no latency model, logging off, the risk
engine on with its rate limit out of the way. Commissions and realised profits are rounded to its eight decimals.
"""

import gc
from decimal import Decimal
from time import perf_counter
from typing import Any

from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, RiskEngineConfig
from nautilus_trader.model.currencies import BTC, USDT
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import AccountType, BookType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy

from tests.peers.quoting import CAP, MAKER_FEE, ORDER, Task, ask_price, bid_price, stays, task, tell

VENUE = Venue("SIMULATED")
MARKET = InstrumentId(Symbol("BTCUSDT-PERP"), VENUE)
BALANCE = 10_000_000
RATE = "1000000/00:00:01"
TICK_RAW = Price.from_str("0.1").raw


class Maker(Strategy):  # type: ignore[misc]
    """One bid and one ask around the middle."""

    def __init__(self, work: Task) -> None:
        super().__init__()
        self.requote, self.offset = work.requote, work.offset
        self.orders = self.fills = self.held = self.reference = 0
        self.bid: Any = None
        self.ask: Any = None
        self.size = Quantity(ORDER, 3)

    def on_start(self) -> None:
        """Ask for quotes."""
        self.subscribe_quote_ticks(MARKET)

    def on_order_filled(self, event: Any) -> None:
        """Fills are whole."""
        self.fills += 1
        if event.order_side == OrderSide.BUY:
            self.held, self.bid = self.held + 1, None
        else:
            self.held, self.ask = self.held - 1, None

    def on_quote_tick(self, tick: Any) -> None:
        """Cancel both and quote both, when the middle has moved or a wanted order is gone."""
        twice = (tick.bid_price.raw + tick.ask_price.raw) // TICK_RAW
        buy, sell = self.held < CAP, self.held > -CAP
        live = (self.bid is not None or not buy) and (self.ask is not None or not sell)
        if live and stays(twice, self.reference, *self.requote):
            return
        for order in (self.bid, self.ask):
            if order is not None:
                self.cancel_order(order)
        self.bid = self.place(OrderSide.BUY, bid_price(twice, *self.offset)) if buy else None
        self.ask = self.place(OrderSide.SELL, ask_price(twice, *self.offset)) if sell else None
        self.reference = twice

    def place(self, side: Any, ticks: int) -> Any:
        """Send a post-only limit order."""
        price = Price.from_raw(ticks * TICK_RAW, 1)
        order = self.order_factory.limit(MARKET, side, self.size, price, post_only=True)
        self.orders += 1
        self.submit_order(order)
        return order


def market() -> Any:
    """A linear perpetual contract with a tick of 0.1 USDT."""
    return CryptoPerpetual(
        instrument_id=MARKET,
        raw_symbol=MARKET.symbol,
        base_currency=BTC,
        quote_currency=USDT,
        settlement_currency=USDT,
        is_inverse=False,
        price_precision=1,
        size_precision=3,
        price_increment=Price.from_str("0.1"),
        size_increment=Quantity.from_str("0.001"),
        margin_init=Decimal("0.01"),
        margin_maint=Decimal("0.005"),
        maker_fee=Decimal(str(MAKER_FEE)),
        taker_fee=Decimal(str(MAKER_FEE)),
        ts_event=0,
        ts_init=0,
    )


def ticks(tape: dict[str, Any]) -> list[Any]:
    """The tape as quote ticks."""
    rows = zip(*(tape[name].tolist() for name in ("time_ns", "bid", "ask", "bid_size", "ask_size")), strict=True)
    return [
        QuoteTick(
            MARKET,
            Price.from_raw(bid * TICK_RAW, 1),
            Price.from_raw(ask * TICK_RAW, 1),
            Quantity(bid_size, 3),
            Quantity(ask_size, 3),
            at,
            at,
        )
        for at, bid, ask, bid_size, ask_size in rows
    ]


def main() -> None:
    """Load, run, tell."""
    work = task()
    config = BacktestEngineConfig(
        logging=LoggingConfig(bypass_logging=True),
        risk_engine=RiskEngineConfig(max_order_submit_rate=RATE, max_order_modify_rate=RATE),
        run_analysis=False,
    )
    engine = BacktestEngine(config=config)
    engine.add_venue(VENUE, OmsType.NETTING, AccountType.MARGIN, [Money(BALANCE, USDT)], book_type=BookType.L1_MBP)
    engine.add_instrument(market())
    engine.add_data(ticks(work.tape))
    maker = Maker(work)
    engine.add_strategy(maker)
    gc.freeze()  # the tape is no garbage: collections need not walk it
    began = perf_counter()
    engine.run()
    seconds = perf_counter() - began
    twice = int(work.tape["bid"][-1] + work.tape["ask"][-1])
    middle = Price.from_raw(twice * TICK_RAW // 2, 2)
    open_profit = sum(float(one.unrealized_pnl(middle)) for one in engine.cache.positions_open())
    pnl = float(engine.portfolio.account(VENUE).balance_total(USDT).as_decimal() - BALANCE) + open_profit
    tell(len(work.tape["bid"]), maker.orders, maker.fills, pnl, seconds)


if __name__ == "__main__":
    main()
