"""A script of faults from a file: a list, or an object with `faults`, in YAML or JSON (which is YAML)."""

from __future__ import annotations

from pathlib import Path

import yaml

from deskbot.simulator.fault_models import Action, read_script


def read_file(path: Path) -> list[Action]:
    """The actions in order. Raises ValueError with one line: the file, what is wrong, and which fault it is in."""
    try:
        return list(read_script(yaml.safe_load(path.read_text())))
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror}); name a YAML or JSON file of faults") from error
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f", line {where.line + 1}" if where is not None else ""
        raise ValueError(f"{path}{line}: no YAML ({getattr(error, 'problem', None) or error})") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
