"""`docs/controls.md`, written from the rules and the tests' markers: `python -m tests.controls --write|--check`."""

import argparse
import sys

from tests.controls.page import PAGE, ControlsError, page


def main() -> int:
    """0 when the page is written or as it should be, else 1 with the reason in one line."""
    parser = argparse.ArgumentParser(prog="python -m tests.controls", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", action="store_true", help="write the page")
    what.add_argument("--check", action="store_true", help="only say whether it is as it should be")
    arguments = parser.parse_args()
    try:
        text = page()
    except ControlsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if arguments.write:
        PAGE.write_text(text, "utf-8")
    elif not PAGE.exists() or PAGE.read_text("utf-8") != text:
        sys.stderr.write(f"{PAGE} is not what its rules and tests say; run: make generate\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
