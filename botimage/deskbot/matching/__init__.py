"""The matching core: an exchange as a pure, deterministic function of recorded market data, requests and time.

Prices are integer ticks, sizes integer lots, money integers of 10^-18; `Decimal` only at the edge. Its ledger shares no
code with the engine's, so that each can prove the other wrong.
"""

from deskbot.matching.exchange import Exchange
from deskbot.matching.latency import Latency
from deskbot.matching.listing import Category, Listing
from deskbot.matching.market import MarketStatus
from deskbot.matching.market_data import BestQuote, Delta, MarketEvent, PublicTrade, Snapshot
from deskbot.matching.orders import (
    Accepted,
    Amendment,
    CancelFilter,
    EndReason,
    NewOrder,
    Order,
    OrderFilter,
    OrderStatus,
    OrderType,
    Origin,
    Refusal,
    SelfTrade,
    Side,
    TimeInForce,
    TriggerDirection,
)
from deskbot.matching.queueing import QueueModel
from deskbot.matching.reports import (
    BookView,
    Candle,
    ExecutionReport,
    FundingReport,
    GroundTruth,
    MarketTruth,
    OrderReport,
    PositionReport,
    Report,
    TickerView,
    TradePrint,
    WalletReport,
)

__all__ = [
    "Accepted",
    "Amendment",
    "BestQuote",
    "BookView",
    "CancelFilter",
    "Candle",
    "Category",
    "Delta",
    "EndReason",
    "Exchange",
    "ExecutionReport",
    "FundingReport",
    "GroundTruth",
    "Latency",
    "Listing",
    "MarketEvent",
    "MarketStatus",
    "MarketTruth",
    "NewOrder",
    "Order",
    "OrderFilter",
    "OrderReport",
    "OrderStatus",
    "OrderType",
    "Origin",
    "PositionReport",
    "PublicTrade",
    "QueueModel",
    "Refusal",
    "Report",
    "SelfTrade",
    "Side",
    "Snapshot",
    "TickerView",
    "TimeInForce",
    "TradePrint",
    "TriggerDirection",
    "WalletReport",
]
