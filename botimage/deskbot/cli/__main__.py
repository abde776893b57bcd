"""`python -m deskbot.cli` is `desk`."""

import sys

from deskbot.cli import main

sys.exit(main())
