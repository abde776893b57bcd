"""Markets that the venue lets nobody trade on: closed, halted, in an auction, or not listed any more.

    Problem (MarketClosed), VenueReady ──▶ `State.closed` ──▶ MarketState: a fault, refused and pulled like others
                                                 └──▶ a problem of the bot only when none of its markets is open

What is asked about a closed market holds nothing up (`reconciliation.py`): the venue may not know its name any more.
When it opens again, everything is compared with the venue anew before anything is sent.
"""

from typing import Final

from deskbot.core.events import Problem
from deskbot.core.state import State

MARKET_CLOSED: Final = "MarketClosed"  # of deskapi.conditions.Reason
MARKET_UNKNOWN: Final = "MarketUnknown"  # likewise
NONE_OPEN: Final = "markets"


def close(state: State, problem: Problem) -> None:
    """One market is closed; the others go on."""
    state.closed[problem.key] = problem
    tell_markets(state)


def reopen(state: State, market: str) -> bool:
    """A market may be traded on. False when it was not closed."""
    known = state.closed.pop(market, None) is not None
    tell_markets(state)
    return known


def nameless(state: State, market: str) -> bool:
    """Whether the venue may not know the market's name any more: it is closed, or none of the object's is listed."""
    refused = state.problems.get("venue")
    unlisted = refused is not None and refused.reason == MARKET_UNKNOWN and market not in state.instruments
    return unlisted or market in state.closed


def tell_markets(state: State) -> None:
    """Let every market know whether it is closed; where all of the object are, the bot itself cannot trade."""
    for name, market in state.markets.items():
        market.on_listing(name in state.closed)
    wanted = state.control.markets if state.control is not None else ()
    if wanted and all(market in state.closed for market in wanted):
        words = "; ".join(state.closed[market].message for market in wanted)
        state.problems[NONE_OPEN] = Problem(state.at, NONE_OPEN, MARKET_CLOSED, words)
    else:
        state.problems.pop(NONE_OPEN, None)
