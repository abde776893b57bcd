"""kubectl with a program and a cluster of its own, whatever the user's environment points at."""

from dataclasses import dataclass
from pathlib import Path

from tests.cluster.commands import run


@dataclass(frozen=True)
class Kubectl:
    """Called with kubectl's arguments. Without a kubeconfig it speaks to the cluster kubectl itself would choose."""

    program: Path
    kubeconfig: Path | None

    def __call__(self, *arguments: str, given: str | None = None, timeout_seconds: float = 60.0) -> str:
        """Standard output of `kubectl ARGUMENTS`, given a standard input. ClusterError with its words when it fails."""
        return run(self.command(*arguments), given=given, timeout_seconds=timeout_seconds)

    def command(self, *arguments: str) -> list[str]:
        """The whole command line, for who runs it in another way."""
        chosen = [] if self.kubeconfig is None else ["--kubeconfig", str(self.kubeconfig)]
        return [str(self.program), *chosen, *arguments]
