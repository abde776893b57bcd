"""How long permissions last, and why a taker waits as long as it does. All times are nanoseconds.

    last renewal sent ──maxControlAge──▶ the last order is signed ──receive window──▶ the venue takes it no more
                      │                  └ quotes are pulled, within the time-out of a cancel
                      └──────────────────── LEASE_DURATION ────────────────────────▶ a taker may begin

A taker sees the last renewal when the API server has it, so later than it was sent. It waits the longest that any
holder may need, whatever the spec says now: the holder may run on an older spec, with a longer `maxControlAge`.
"""

from typing import Final

SECOND: Final = 1_000_000_000

SHORTEST_CONTROL_AGE: Final = 10 * SECOND
LONGEST_CONTROL_AGE: Final = 60 * SECOND  # the bounds of envelope.maxControlAge
PULL_TIME: Final = 4 * SECOND  # for as many cancels as the venues' rates allow one after the other
REQUEST_TIMEOUT: Final = 6 * SECOND
RECEIVE_WINDOW: Final = 5 * SECOND
LEASE_DURATION: Final = LONGEST_CONTROL_AGE + PULL_TIME + REQUEST_TIMEOUT + RECEIVE_WINDOW
