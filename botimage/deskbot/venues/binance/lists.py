"""Binance's lists, each read to its end.

Executions and payments come oldest first within a span of time, a day on spot and a week on USD-M, a thousand rows at a
time: a full page is followed by one that begins at its last row, and rows are told apart by their ids. The last span
has no end: where our clock is behind, the newest rows would lie after it. Anything that is not a list of rows fails
the whole question (`ListFailed` or ccxt's own): a failed question is not an empty answer.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from deskbot.venues.adapter import ListFailed, Row

Request = Callable[[Row], Awaitable[Any]]

PAGE: Final = 1000
_MOST_PAGES: Final = 1000
_CLOCK_ERROR_MS: Final = 60_000  # our clock may be behind: then the venue's newest rows are in our future


def rows_of(answer: Any) -> list[Row]:
    """The rows of one answer. Raises ListFailed where there are none, such as a page of HTML with status 200."""
    if not isinstance(answer, list) or not all(isinstance(row, dict) for row in answer):
        raise ListFailed("the venue's answer is no list")
    return answer


def row_of(answer: Any, *names: str) -> Row:
    """The one row of an answer. Raises ListFailed for anything else, or where a name is missing."""
    if not isinstance(answer, dict) or any(name not in answer for name in names):
        raise ListFailed("the venue's answer cannot be read")
    return answer


async def since(
    request: Request, query: Row, span_ms: int, start_ms: int, now_ms: int, id_name: str, *, by_id: bool
) -> list[Row]:
    """Every row from a venue time on, oldest first, each once.

    `by_id`: a page that is full of one millisecond is followed by `fromId`; otherwise it fails the list.
    """
    found: dict[str, Row] = {}
    while True:
        last = start_ms + span_ms > now_ms + _CLOCK_ERROR_MS  # rows of the next moments lie in this span as well
        window = {"startTime": start_ms} if last else {"startTime": start_ms, "endTime": start_ms + span_ms - 1}
        for row in await _window(request, {**query, "limit": PAGE}, window, id_name, by_id=by_id):
            found.setdefault(str(row[id_name]), row)
        if last:
            return sorted(found.values(), key=lambda row: (int(row["time"]), int(row[id_name])))
        start_ms += span_ms


async def _window(request: Request, query: Row, window: Row, id_name: str, *, by_id: bool) -> list[Row]:
    rows: list[Row] = []
    for _ in range(_MOST_PAGES):
        page = rows_of(await request({**query, **window}))
        rows += page
        if len(page) < PAGE:
            return rows
        newest = max(int(row["time"]) for row in page)
        if "startTime" in window and newest > window["startTime"]:
            window = {**window, "startTime": newest}
        elif by_id:
            window = {"fromId": max(int(row[id_name]) for row in page) + 1}
        else:
            raise ListFailed(f"{PAGE} rows of one millisecond cannot be told from those behind them")
    raise ListFailed(f"more than {_MOST_PAGES} pages")
