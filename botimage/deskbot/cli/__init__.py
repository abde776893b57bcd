"""`desk`: the bot's own command. What a subcommand needs is imported when it is called: a pod starts in a second."""

import sys
from collections.abc import Sequence

from deskbot.cli.arguments import parse
from deskbot.cli.lazily import imported


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand; the exit status: 0 done, 1 failed, 2 wrong input."""
    arguments = parse(list(sys.argv[1:] if argv is None else argv))
    module = {
        "bench": "deskbot.bench.command",
        "simulator": "deskbot.simulator.command",
        "simulate": "deskbot.simulation.command",
        "kill": "deskbot.jobs.command",
        "run": "deskbot.cli.run",
        "journal": "deskbot.cli.journal",
    }[arguments.command]
    return int(imported(module).run(arguments))
