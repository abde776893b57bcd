"""Which build of the engine the tests run on."""

import pytest

from deskbot.runtime.build import is_compiled

interpreted_only = pytest.mark.skipif(is_compiled(), reason="looks into classes or changes constants: not compiled")
