"""The venues that the tests of real processes run on, each by its simulator's dialect, and a bot that quotes there.

DESK_DIALECT names one of them; without it a test runs on each.
"""

import os
from dataclasses import dataclass

import pytest

BOT = """
apiVersion: v1
kind: Secret
metadata: {{name: keys}}
stringData: {{apiKey: bot-key, secret: bot-secret}}
---
apiVersion: tradingdesk.io/v1alpha1
kind: TradingBot
metadata: {{name: killed}}
spec:
  mode: Testnet
  venue:
    exchange: {exchange}
    marketType: {market_type}
    credentialsSecretRef: {{name: keys}}
    endpoint: "{endpoint}"
  markets: ["{market}"]
  strategies:
    - name: simple-maker
      enabled: true
      params: {{size: "0.002", levels: 3, {quotes}}}
  envelope:
    maxOrderNotional: "200"
    maxPositionNotional: "6000"
    maxOpenOrders: 60
    ordersPerSecond: 100
"""


# at the touch, filled and moved all the time
BUSY = 'spread: "0.0002%", step: "0.0004%", skew: "0.001%", requote: "0%"'
# as good as never reached, never moved
CALM = 'spread: "0.5%", step: "0.1%", skew: "0%", requote: "0.4%"'
RESTING = 6  # three levels of each side


@dataclass(frozen=True)
class Dialect:
    """One exchange as the simulator speaks it: how it is asked, and how many orders a second it takes at least.

    `simulated` is the `--dialect` of the simulator; requests are (method, path).
    """

    exchange: str
    simulated: str
    market_type: str
    market: str
    create: tuple[str, str]
    cancel: tuple[str, str]
    open_orders: tuple[str, str]
    clock: tuple[str, str]
    client_id: str
    orders_per_second: int

    def manifest(self, endpoint: str, quotes: str = BUSY) -> str:
        """The bot and its Secret, for a venue of this dialect; `quotes` are parameters of the strategy."""
        names = {"exchange": self.exchange, "market_type": self.market_type, "market": self.market}
        return BOT.format(endpoint=endpoint, quotes=quotes, **names)


DIALECTS = (
    Dialect(
        exchange="bybit",
        simulated="bybit",
        market_type="Swap",
        market="BTC/USDT:USDT",
        create=("POST", "/v5/order/create"),
        cancel=("POST", "/v5/order/cancel"),
        open_orders=("GET", "/v5/order/realtime"),
        clock=("GET", "/v5/market/time"),
        client_id="orderLinkId",
        orders_per_second=20,
    ),
    Dialect(
        exchange="binance",
        simulated="binance",
        market_type="Spot",
        market="BTC/USDT",
        create=("POST", "/api/v3/order"),
        cancel=("DELETE", "/api/v3/order"),
        open_orders=("GET", "/api/v3/openOrders"),
        clock=("GET", "/api/v3/time"),
        client_id="newClientOrderId",
        orders_per_second=5,  # the venue takes 100 in ten seconds
    ),
    Dialect(
        exchange="binanceusdm",
        simulated="binance",
        market_type="Swap",
        market="BTC/USDT:USDT",
        create=("POST", "/fapi/v1/order"),
        cancel=("DELETE", "/fapi/v1/order"),
        open_orders=("GET", "/fapi/v1/openOrders"),
        clock=("GET", "/fapi/v1/time"),
        client_id="newClientOrderId",
        orders_per_second=10,  # 300 in ten seconds, 1200 in a minute
    ),
)
CHOSEN = [one for one in DIALECTS if one.exchange == os.environ.get("DESK_DIALECT", one.exchange)]
EACH_DIALECT = pytest.mark.parametrize("dialect", CHOSEN, ids=lambda one: one.exchange)
