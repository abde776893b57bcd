"""Checks the GitHub workflows with actionlint."""

import subprocess

from tests.cluster import tools
from tests.cluster.commands import say
from tests.cluster.errors import MissingProgramError
from tests.cluster.images import PROJECT


def check() -> int:
    """actionlint's own exit status and words; without a way to get it, one line that says so, and 0."""
    try:
        program = tools.tool("actionlint")
    except MissingProgramError as reason:
        say(f"workflows not checked: {reason}")
        return 0
    files = sorted((PROJECT / ".github" / "workflows").glob("*.y*ml"))
    # What other linters happen to be on this machine must not decide: only actionlint's own rules.
    return subprocess.run([program, "-shellcheck=", "-pyflakes=", *files], cwd=PROJECT, check=False).returncode
