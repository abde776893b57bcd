"""Runs runc without CAP_SYS_RESOURCE in what it is asked to start: `reduced_runtime.py RUNC ARGUMENT…`.

kind's nodes are privileged containers, which get every capability. Where the machine's own bounding set lacks this one
(a container, a small virtual machine), runc refuses to start them; without it they run. Only the standard library
here: the container engine calls this file by itself.
"""

import itertools
import json
import os
import sys
from pathlib import Path

LEFT_OUT = "CAP_SYS_RESOURCE"


def reduce_capabilities(specification: dict[str, object]) -> dict[str, object]:
    """The container's or process's specification with the capability taken out of every set."""
    process = specification.get("process", specification)
    capabilities = process.get("capabilities") if isinstance(process, dict) else None
    if isinstance(capabilities, dict):
        for name, held in capabilities.items():
            capabilities[name] = [capability for capability in held or () if capability != LEFT_OUT]
    return specification


def specification_files(arguments: list[str]) -> list[Path]:
    """The files of a runc command line that hold capabilities: the bundle's, and the process to execute."""
    files = []
    for option, value in itertools.pairwise(arguments):
        if option in {"--bundle", "-b"}:
            files.append(Path(value) / "config.json")
        elif option in {"--process", "-p"}:
            files.append(Path(value))
    return [file for file in files if file.is_file()]


def main(runc: str, arguments: list[str]) -> None:
    """Rewrites the files and becomes runc."""
    for file in specification_files(arguments):
        file.write_text(json.dumps(reduce_capabilities(json.loads(file.read_text()))))
    os.execv(runc, [runc, *arguments])  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
