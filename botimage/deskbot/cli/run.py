"""`desk run`: which of the three ways a bot is run.

From a pod (`--object`), from a file at the pace of a clock, or from a file in virtual time (`--speed max`). Exit
status: 0 when the venue has confirmed that no order is left, 1 when it has not or the engine failed, 2 for wrong input.
"""

import argparse
import sys
from typing import cast

from deskbot.cli.arguments import MAX_SPEED
from deskbot.cli.ending import complain
from deskbot.cli.lazily import imported
from deskbot.core.errors import DeskError, Invalid


def run(arguments: argparse.Namespace) -> int:
    """Run one bot to its end."""
    if arguments.object is not None:
        way = "deskbot.cli.run_object"
        # structlog would import it for a console that a pod has not: 3 MB
        cast("dict[str, None]", sys.modules).setdefault("rich", None)
    else:
        way = "deskbot.cli.run_virtual" if arguments.speed == MAX_SPEED else "deskbot.cli.run_file"
    try:
        return int(imported(way).run(arguments))
    except DeskError as error:
        return complain(error.message, 2 if isinstance(error, Invalid) else 1)
