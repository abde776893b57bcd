"""Binance's error codes, spot and USD-M; the class in brackets is what ccxt makes of the code.

Spot means several things by -2010 and tells them apart by words alone. ccxt matches some of those words before it looks
at the code and then leaves the code out; the classes it gives them (InsufficientFunds, OrderImmediatelyFillable) do.
"""

from typing import Final

from deskbot.venues.codes import Codes

BINANCE: Final = Codes(
    duplicate=frozenset(
        {
            "-2010 Duplicate order sent",  # spot [InvalidOrder]: only while the first order of that id is open
            "-4116",  # USD-M, ClientOrderId is duplicated [InvalidOrder]
        }
    ),
    outcome_unknown=frozenset(
        {
            "-1000",  # An unknown error occurred while processing the request [OperationFailed]
            "-1001",  # Internal error; unable to process your request [OperationFailed]
            "-1006",  # An unexpected response was received from the message bus [OperationFailed]
            "-1007",  # Timeout waiting for response from backend server; execution status unknown [RequestTimeout]
            "-1008",  # Server is currently overloaded with other requests [OperationFailed]
            "-1016",  # This service is no longer available: shutting down [BadRequest]
        }
    ),
    refused=frozenset(
        {
            "-2008",  # USD-M: invalid API key id [ExchangeError]
            "-2025",  # Reach max open order limit [OperationRejected]
            "-2027",  # Exceeded the maximum allowable position at current leverage [OperationRejected]
            "-2028",  # Leverage is smaller than permitted: insufficient margin balance [OperationRejected]
            "-4061",  # Order's position side does not match user's setting [OperationRejected]
            "-4118",  # ReduceOnly Order Failed [OperationRejected]
            "-4131",  # The counterparty's best price does not meet the PERCENT_PRICE filter limit [OperationRejected]
        }
    ),
    market_closed=frozenset(
        {
            "-4140",  # USD-M: Invalid symbol status for opening position [BadRequest]
            "-4141",  # USD-M: Symbol is closed [OperationRejected]; spot's words have a class, MarketClosed
        }
    ),
    already_ended=frozenset(
        {
            "-2011",  # Unknown order sent [OrderNotFound]
            "-2013",  # Order does not exist [OrderNotFound]
            "-20124",  # USD-M conditional: invalid algo id or it has been completed [BadRequest]
        }
    ),
    wrong_key=frozenset({"-1022", "-2008", "-2014", "-2015"}),  # wrong sign, unknown key, no key at all, not this key
)
