"""Tables of figures are printed whole: a pipe has no width, and a narrow window can be scrolled."""

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

_UNBOUNDED = 1_000


def wide_enough(table: Table) -> int:
    """The columns that a table takes when nothing is cut, or those of the terminal where it has more."""
    console = Console()
    options = console.options.update_width(_UNBOUNDED)
    return max(console.width, Measurement.get(console, options, table).maximum)
