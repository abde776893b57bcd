"""`python -m tests.demo`: tell the story; exit status 0 only when every sentence of it was true."""

import sys

from tests.cluster.commands import say
from tests.cluster.errors import ClusterError
from tests.demo.story import tell

try:
    tell()
except ClusterError as error:
    say(f"error: {error}")
    sys.exit(1)
except KeyboardInterrupt:
    sys.exit(130)
