"""`python -m proxy_addon`: arguments in, launcher called."""

import argparse
import sys
from collections.abc import Sequence

from proxy_addon.launcher import CHECK, launch
from reauth.errors import ReauthError, SettingsError


def main(argv: Sequence[str] | None = None) -> int:
    """Run the proxy until it is told to stop; 0 done, 1 failed, 2 asked wrongly."""
    parser = argparse.ArgumentParser(
        prog="python -m proxy_addon",
        description="The proxy: puts the observer into pages and passes on what it sends.",
        epilog="One line on stdout says when every process accepts. SIGHUP reads the address map, "
        "passwords, lists and the CA anew; SIGUSR2 all settings and the program itself, without a "
        "connection lost; SIGTERM drains and stops.",
    )
    parser.add_argument("--config", metavar="FILE", default="mitm.toml", help="the settings")
    parser.add_argument(
        "--stdin-guard", action="store_true", help="stop when standard input ends: our parent died"
    )
    parser.add_argument(
        CHECK, action="store_true", help="only find out whether it would start: 0 if so"
    )
    given = parser.parse_args(argv)
    try:
        return launch(given.config, stdin_guard=given.stdin_guard, check=given.check)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    except (ReauthError, OSError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
