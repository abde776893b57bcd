"""Engines that are broken on purpose: the real core with one mistake each, for the simulation to find.

Every mistake is one that trading engines have really made. A mistake replaces a function of the core for one test.
"""

from tests.simulation.broken import fills, gates, orders, restarts, standstills
from tests.simulation.broken.breakage import Breakage

BROKEN: tuple[Breakage, ...] = (
    *orders.BROKEN,
    *fills.BROKEN,
    *gates.BROKEN,
    *restarts.BROKEN,
    *standstills.BROKEN,
)
