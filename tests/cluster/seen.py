"""What takes minutes inside a fixture, told while it lasts."""

from contextlib import AbstractContextManager, nullcontext

import pytest


def progress_is_seen(config: pytest.Config) -> AbstractContextManager[None]:
    """Standard error is not captured in here, also not in a process of tests beside others."""
    capture = config.pluginmanager.getplugin("capturemanager")
    return capture.global_and_fixture_disabled() if capture else nullcontext()
