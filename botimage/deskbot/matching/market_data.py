"""What happened on the recorded market: the events that drive the exchange.

Plain slotted classes: a recording holds hundreds of thousands of them. Times are venue time in nanoseconds, prices
ticks, sizes lots, `market` a `Listing.key`. `update_id` is the recording's own sequence number; only its order within
one market and one pass of the recording means anything.
"""

Levels = list[tuple[int, int]]


class Snapshot:
    """The whole book at once. It replaces whatever was there."""

    __slots__ = ("asks", "bids", "market", "time_ns", "update_id")

    def __init__(self, market: str, time_ns: int, update_id: int, bids: Levels, asks: Levels) -> None:
        self.market = market
        self.time_ns = time_ns
        self.update_id = update_id
        self.bids = bids
        self.asks = asks


class Delta:
    """Levels that changed, with their new absolute size; size 0 removes the level."""

    __slots__ = ("asks", "bids", "market", "time_ns", "update_id")

    def __init__(self, market: str, time_ns: int, update_id: int, bids: Levels, asks: Levels) -> None:
        self.market = market
        self.time_ns = time_ns
        self.update_id = update_id
        self.bids = bids
        self.asks = asks


class BestQuote:
    """The touch as a faster stream tells it, often ahead of the next delta."""

    __slots__ = ("ask", "ask_lots", "bid", "bid_lots", "market", "time_ns", "update_id")

    def __init__(
        self, market: str, time_ns: int, update_id: int, bid: int, bid_lots: int, ask: int, ask_lots: int
    ) -> None:
        self.market = market
        self.time_ns = time_ns
        self.update_id = update_id
        self.bid = bid
        self.bid_lots = bid_lots
        self.ask = ask
        self.ask_lots = ask_lots


class PublicTrade:
    """A trade between others. `taker_buys` is True when the aggressor bought, so that a resting ask was hit."""

    __slots__ = ("lots", "market", "taker_buys", "ticks", "time_ns")

    def __init__(self, market: str, time_ns: int, ticks: int, lots: int, taker_buys: bool) -> None:
        self.market = market
        self.time_ns = time_ns
        self.ticks = ticks
        self.lots = lots
        self.taker_buys = taker_buys


MarketEvent = Snapshot | Delta | BestQuote | PublicTrade
