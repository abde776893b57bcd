"""Versions of programs as people and programs write them."""

import re

Version = tuple[int, int, int]

_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")


def parse_version(text: str) -> Version | None:
    """The first version in a text (`Docker version 20.10.24+dfsg1, build …` is 20.10.24), or None without one."""
    found = _VERSION.search(text)
    if found is None:
        return None
    major, minor, patch = found.groups()
    return int(major), int(minor), int(patch or 0)


def shown(version: Version) -> str:
    """The version as a person writes it."""
    return ".".join(str(part) for part in version)
