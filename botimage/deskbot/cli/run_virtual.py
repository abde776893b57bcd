"""`desk run FILE --speed max`: engine and matching core in virtual time, no sockets, no clock."""

import argparse
import json
import sys
from datetime import timedelta

from deskbot.backtest import command
from deskbot.cli.tables import print_result
from deskbot.core.errors import Invalid
from deskbot.runtime.clock import Clock
from deskbot.runtime.control_file import ControlFile
from deskbot.simulator.recordings import Recording
from deskbot.simulator.replay import MarketSource
from deskbot.simulator.synthetic import SyntheticMarket


def run(arguments: argparse.Namespace) -> int:
    """Once through the recording (or for so long), then cancel. Raises Invalid."""
    seen = ControlFile(arguments.file, Clock()).seen
    if seen.bot is None:
        raise Invalid("SpecInvalid", f"{arguments.file}: {seen.wrong}")
    if not arguments.recording and arguments.duration is None:
        raise Invalid("SpecInvalid", "--speed max without --recording never ends; say --for how long, for example 10m")
    if arguments.recording:
        source: MarketSource = Recording(arguments.recording)
    else:
        source = SyntheticMarket(arguments.seed, markets=seen.bot.spec.markets)
    duration_ns = None if arguments.duration is None else arguments.duration // timedelta(microseconds=1) * 1000
    result = command.run(seen.bot, seen.uid, source, arguments.seed, duration_ns)
    if arguments.output == "json":
        sys.stdout.write(json.dumps(result) + "\n")
    else:
        print_result(result)
    return 0 if result["openOrders"] == 0 else 1
