"""`python -m tests.cluster`: clusters by hand."""

import sys

from tests.cluster.command_line import main

sys.exit(main())
