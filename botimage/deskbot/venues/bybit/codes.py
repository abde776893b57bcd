"""Bybit v5 "Error Codes"; the class in brackets is what ccxt makes of the code."""

from typing import Final

from deskbot.venues.codes import Codes

BYBIT: Final = Codes(
    duplicate=frozenset(
        {
            "110072",  # OrderLinkedID is duplicate [InvalidOrder]: the first order of that id is live or was
            "170141",  # Duplicate clientOrderId [InvalidOrder]
        }
    ),
    outcome_unknown=frozenset(
        {
            "5004",  # Server Timeout [ExchangeError]
            "10000",  # Server Timeout [ExchangeError]
            "10014",  # Request is duplicate [BadRequest]: the first of the two may have been taken
            "10016",  # System error [ExchangeError]
            "10019",  # Service is restarting [ExchangeError]
            "110079",  # The order is processing and can not be operated, please try again later [ExchangeError]
            "170001",  # Internal error [ExchangeError]
            "170007",  # Timeout waiting for response from backend server [RequestTimeout]
            "170032",  # Network error [ExchangeError]
            "170035",  # Submitted to the system for processing [BadRequest]
            "170146",  # Order creation timeout [InvalidOrder]
            "170147",  # Order cancellation timeout [InvalidOrder]
            "170149",  # Create order failed [ExchangeError]
            "170150",  # Cancel order failed [ExchangeError]
            "170191",  # Can not cancel order, please try again later [InvalidOrder]
            "170234",  # System Error [ExchangeError]
        }
    ),
    market_closed=frozenset(
        {
            "110042",  # Pre-delivery status can only reduce positions [InvalidOrder]
            "110066",  # No trading is allowed at the current time [ExchangeError]
            "110074",  # This contract is not live [ExchangeError]
            "170121",  # Invalid symbol [InvalidOrder]: spot's word for one that was traded until now
        }
    ),
    already_ended=frozenset(
        {
            "110008",  # Order has been finished or canceled [InvalidOrder]
            "110010",  # Order already cancelled [InvalidOrder]
            "170139",  # Order has been filled [InvalidOrder]
            "170142",  # Order has been canceled [InvalidOrder]
            "170143",  # Cannot be found on order book [InvalidOrder]
            "170190",  # Cancel order has been finished [InvalidOrder]
            "170145",  # This order type does not support cancellation [InvalidOrder]: it is under another filter
        }
    ),
    wrong_key=frozenset({"10003", "10004", "10007", "33004"}),  # unknown key, wrong sign, key missing, key expired
    wrong_address=frozenset({"10009", "10010"}),  # address banned, address not on the key's list
)
