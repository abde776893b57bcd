"""The reference workload in hftbacktest; run by that environment's python: `-m tests.peers.hft TAPE REQUOTE OFFSET`.

A quote becomes up to four depth events at one time: the new price level of each side, then the end of the old one, so
that the book is never empty. Latency is zero, an order fills whole when the opposite best price reaches it. Compiling
the loop (numba) is timed apart, on the first quotes of the tape.
"""

from time import perf_counter
from typing import Any

import numpy as np
from hftbacktest import GTX, LIMIT, BacktestAsset, HashMapMarketDepthBacktest
from hftbacktest.types import BUY_EVENT, DEPTH_EVENT, EXCH_EVENT, LOCAL_EVENT, SELL_EVENT, event_dtype
from numba import njit

from tests.peers.quoting import CAP, MAKER_FEE, ORDER, TICK, ask_price, bid_price, stays, task, tell

WARM = 100  # quotes to compile on
bid_ticks, ask_ticks, is_near = njit(bid_price), njit(ask_price), njit(stays)


def events(tape: dict[str, Any], quotes: int) -> Any:
    """The first quotes as depth events; an event that ends no level is left out."""
    count = len(tape["bid"][:quotes])
    found = np.zeros((count, 4), event_dtype)
    found["exch_ts"] = found["local_ts"] = tape["time_ns"][:quotes, None]
    kept = np.ones((count, 4), bool)
    for column, side, flag in ((0, "bid", BUY_EVENT), (1, "ask", SELL_EVENT)):
        price = tape[side][:quotes]
        before = np.concatenate((price[:1], price[:-1]))
        found["ev"][:, [column, column + 2]] = DEPTH_EVENT | EXCH_EVENT | LOCAL_EVENT | flag
        found["px"][:, column], found["px"][:, column + 2] = price * TICK, before * TICK
        found["qty"][:, column] = tape[f"{side}_size"][:quotes]
        kept[:, column + 2] = before != price
    # The side that the price moves away from goes first: a book that crosses for a moment has its other side searched
    # over every price there ever was.
    bid = tape["bid"][:quotes]
    rises = np.concatenate(([False], bid[1:] > bid[:-1]))
    order = np.where(rises[:, None], [1, 3, 0, 2], [0, 2, 1, 3])
    return np.take_along_axis(found, order, 1)[np.take_along_axis(kept, order, 1)]


def trade(hbt: Any, times: Any, up: int, down: int, out: int, base: int) -> tuple[int, int, int]:
    """The maker: orders sent, orders filled, twice the last middle."""
    orders = fills = held = reference = twice = 0
    bid = ask = 0  # ids of live orders, 0 for none
    now = times[0]  # its clock starts at the first event
    for at in times:
        if hbt.elapse(at - now) > 1:  # 1 is the end of the data: the last quote still counts
            break
        now = at
        position = round(hbt.position(0) / ORDER)
        if position > held:
            fills, bid = fills + position - held, 0
        elif position < held:
            fills, ask = fills + held - position, 0
        held = position
        depth = hbt.depth(0)
        twice = depth.best_bid_tick + depth.best_ask_tick
        live = (bid != 0 or held >= CAP) and (ask != 0 or held <= -CAP)
        if live and is_near(twice, reference, up, down):
            continue
        if bid != 0:
            hbt.cancel(0, bid, False)
        if ask != 0:
            hbt.cancel(0, ask, False)
        hbt.clear_inactive_orders(0)
        bid = ask = 0
        if held < CAP:
            orders += 1
            bid = orders
            hbt.submit_buy_order(0, bid, bid_ticks(twice, out, base) * TICK, ORDER, GTX, LIMIT, False)
        if held > -CAP:
            orders += 1
            ask = orders
            hbt.submit_sell_order(0, ask, ask_ticks(twice, out, base) * TICK, ORDER, GTX, LIMIT, False)
        reference = twice
    return orders, fills, twice


def backtest(data: Any) -> Any:
    """A market of one linear contract, no latency, no queue that matters: there are no trades on the tape."""
    asset = (
        BacktestAsset()
        .data([data])
        .linear_asset(1.0)
        .constant_order_latency(0, 0)
        .risk_adverse_queue_model()
        .no_partial_fill_exchange()
        .trading_value_fee_model(MAKER_FEE, MAKER_FEE)
        .tick_size(TICK)
        .lot_size(0.001)
    )
    return HashMapMarketDepthBacktest([asset])


def main() -> None:
    """Compile, run, tell."""
    tape, requote, offset = task()
    loop = njit(trade)
    began = perf_counter()
    first = events(tape, WARM)  # named, since the backtest points into the array and does not keep it
    warm = backtest(first)
    loop(warm, tape["time_ns"][:WARM], *requote, *offset)
    warm.close()
    compiled = perf_counter() - began
    quotes = len(tape["bid"])
    every = events(tape, quotes)
    market = backtest(every)
    began = perf_counter()
    orders, fills, twice = loop(market, tape["time_ns"], *requote, *offset)
    seconds = perf_counter() - began
    state = market.state_values(0)
    pnl = state.balance - state.fee + state.position * twice / 2 * TICK
    market.close()
    tell(quotes, orders, fills, pnl, seconds, jitSeconds=round(compiled, 2))


if __name__ == "__main__":
    main()
