"""`python -m reauth` is `reauth`."""

import sys

from reauth.cli import main

if __name__ == "__main__":
    sys.exit(main())
