"""Bybit v5 lists, each read to its last cursor, and what is made of them.

`order/realtime` answers 20 orders unless asked for 50 and ccxt asks for no number: a list that is not paged declares
every further order gone. A page that is no list, a cursor that comes back, or any exception fails the whole list
(`ListFailed` or ccxt's own): a failed question is not an empty answer.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from deskbot.core import orders
from deskbot.core.events import Fill, Funding, OrderReport, VenuePosition
from deskbot.venues.adapter import ListFailed, Row
from deskbot.venues.bybit import rows as bybit_rows
from deskbot.venues.bybit.dialect import BYBIT
from deskbot.venues.markets import Markets
from deskbot.venues.table.model import SWAP

Request = Callable[[Row], Awaitable[Any]]

_MOST_PAGES: Final = 1000


async def pages(request: Request, params: Row) -> list[Row]:
    """Every row of a list, page after page. Raises ListFailed or what ccxt raises."""
    rows: list[Row] = []
    seen: set[str] = set()
    query = dict(params)
    for _ in range(_MOST_PAGES):
        page, cursor = _page(await request(query))
        rows += page
        if cursor == "" or not page:
            return rows
        if cursor in seen:
            raise ListFailed("the venue's pages go round in a circle")
        seen.add(cursor)
        query = {**params, "cursor": cursor}
    raise ListFailed(f"more than {_MOST_PAGES} pages")


def _page(answer: Any) -> tuple[list[Row], str]:
    return rows_of(answer), str(result_of(answer).get("nextPageCursor") or "")


def rows_of(answer: Any) -> list[Row]:
    """The rows of one answer. Raises ListFailed where there is no list."""
    rows = result_of(answer).get("list")
    if not isinstance(rows, list):
        raise ListFailed("the venue's answer has no list")
    return rows


def result_of(answer: Any) -> Row:
    """The `result` of an answer. Raises ListFailed for anything else, such as a page of HTML with status 200."""
    result = answer.get("result") if isinstance(answer, dict) else None
    if not isinstance(result, dict):
        raise ListFailed("the venue's answer cannot be read")
    return result


def _scopes(market_type: str, markets: Markets) -> list[Row]:
    """What a list of the whole account must be asked for: contracts one settle coin at a time.

    Raises ListFailed where the coins are not known: no question asked is no answer either.
    """
    category = BYBIT.categories[market_type]
    if market_type != SWAP:
        return [{"category": category}]
    coins = markets.settle_coins()
    if not coins:
        raise ListFailed("the venue's markets are not loaded yet")
    return [{"category": category, "settleCoin": coin} for coin in coins]


async def open_orders(
    exchange: Any, market_type: str, markets: Markets, now: Callable[[], int], symbol: str = ""
) -> list[OrderReport]:
    """Every live order of the account in one market type, or on one market, over every order filter, each once."""
    one = [{"category": BYBIT.categories[market_type], "symbol": symbol}] if symbol else []
    queries = [
        {**scope, "limit": BYBIT.order_page, "openOnly": 0, **({"orderFilter": name} if name else {})}
        for scope in one or _scopes(market_type, markets)
        for name in BYBIT.order_filters[market_type]
    ]
    lists = await asyncio.gather(*(pages(exchange.privateGetV5OrderRealtime, query) for query in queries))
    rows = {row["orderId"]: row for rows in lists for row in rows}
    reports = [bybit_rows.order_report(row, markets.by_venue_symbol, now()) for row in rows.values()]
    return [report for report in reports if report.state < orders.FILLED]


async def order_by_client_id(
    exchange: Any, market_type: str, symbol: str, client_id: str, markets: Markets, now: Callable[[], int]
) -> OrderReport | None:
    """One order by its client id: the live and recent ones, then history; None when neither knows it.

    Raises ListFailed when neither knows the order but there are executions of it: the venue is not of one mind yet.
    """
    query = {"category": BYBIT.categories[market_type], "symbol": symbol, "orderLinkId": client_id}
    for request in (exchange.privateGetV5OrderRealtime, exchange.privateGetV5OrderHistory):
        for row in await pages(request, query):
            if row["orderLinkId"] == client_id:
                return bybit_rows.order_report(row, markets.by_venue_symbol, now())
    if await pages(exchange.privateGetV5ExecutionList, query):
        raise ListFailed("the venue shows executions of the order but not the order: ask again")
    return None


async def fills(
    exchange: Any, market_type: str, symbol: str, since_ms: int, markets: Markets, now: Callable[[], int]
) -> tuple[list[Fill], list[Funding]]:
    """Every fill and funding of one market since a venue time, oldest first; asked for without a type: all of them.

    The venue keeps two years and answers the seven days from a start; a question for more is one for what is kept. No
    end is ever asked for: where our clock is behind, the newest fills would lie after it.
    """
    instrument = markets.by_venue_symbol(symbol)
    if instrument is None:
        raise ListFailed(f"{symbol} is not a market of the venue")
    today = now() // 1_000_000
    query = {"category": BYBIT.categories[market_type], "symbol": symbol, "limit": BYBIT.fill_page}
    starts = range(max(since_ms, today - BYBIT.fill_history_ms), today + 1, BYBIT.fill_window_ms) or (since_ms,)
    rows: list[Row] = []
    for start in starts:
        rows += reversed(await pages(exchange.privateGetV5ExecutionList, {**query, "startTime": start}))  # newest first
    made = {row["execId"]: bybit_rows.fill(row, instrument, now()) for row in rows if is_fill(row)}
    paid = {row["execId"]: bybit_rows.funding(row, instrument, now()) for row in rows if is_funding(row)}
    return sorted(made.values(), key=lambda fill: (fill.venue_ms, fill.sequence)), list(paid.values())


def is_fill(row: Row) -> bool:
    """Whether an execution changes a position."""
    return row.get("execType", "Trade") in BYBIT.fill_types


def is_funding(row: Row) -> bool:
    """Whether an execution is a payment between longs and shorts."""
    return row.get("execType") == bybit_rows.FUNDING


async def positions(exchange: Any, market_type: str, markets: Markets) -> list[VenuePosition]:
    """Every position of the account; spot has none."""
    if market_type != SWAP:
        return []
    queries = [{**scope, "limit": BYBIT.position_page} for scope in _scopes(market_type, markets)]
    lists = await asyncio.gather(*(pages(exchange.privateGetV5PositionList, query) for query in queries))
    found = [bybit_rows.position(row, markets.by_venue_symbol) for rows in lists for row in rows]
    return [position for position in found if position is not None]


async def wallet(exchange: Any) -> Row:
    """The unified account's row of account/wallet-balance."""
    rows = rows_of(await exchange.privateGetV5AccountWalletBalance({"accountType": "UNIFIED"}))
    if len(rows) != 1:
        raise ListFailed(f"the venue states {len(rows)} unified accounts, not one")
    return rows[0]
