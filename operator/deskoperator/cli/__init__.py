"""The command line of the operator."""

from deskoperator.cli.command import main

__all__ = ["main"]
