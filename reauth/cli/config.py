"""`reauth config`: what the settings are, wherever they came from."""

import json
from argparse import Namespace
from typing import Any

from reauth import app
from reauth.cli.command import Commands, command, print_json, settings_of, subcommands
from reauth.console import TABLE
from reauth.console.openapi import document
from reauth.oidc import relying
from reauth.settings import keys, redacted, written

_TEACH = """\
Settings come from the command line (--set SECTION.KEY=VALUE), else the environment
(REAUTH_SECTION__KEY, lists as JSON), else the file that REAUTH_SECTION__KEY_FILE names, else
mitm.toml, else the defaults. A key that is unknown is refused, with the nearest known one.

examples:
  reauth config check
  reauth config show --redact
  reauth config openapi > openapi.json
  REAUTH_PROXY__LISTEN=127.0.0.1:9090 reauth config show
"""

def add(commands: Commands) -> None:
    """Add the command to the command line."""
    top = command(commands, "config", None, "check and show the settings", _TEACH)
    verbs = subcommands(top)
    command(verbs, "check", _check, "see that the settings can be worked with", _TEACH)
    show = command(verbs, "show", _show, "print every key as it holds now", _TEACH)
    show.add_argument("--redact", action="store_true", help="hide names of people and addresses")
    command(verbs, "openapi", _openapi, "print what the console's API answers", _TEACH)
    show.add_argument("--json", action="store_true", help="print an object")


def _check(args: Namespace) -> int:
    settings = settings_of(args)
    app.recipes(settings)
    app.standing(settings)
    app.open_sinks(settings)
    relying(settings.oidc)
    print(f"{args.config}: good")
    return 0


def _openapi(args: Namespace) -> int:
    print(json.dumps(document(TABLE), indent=2))
    return 0


def _show(args: Namespace) -> int:
    settings = settings_of(args)
    told: dict[str, dict[str, Any]] = {}
    for key in keys():
        value = written(settings, key)
        told.setdefault(key.section, {})[key.name] = redacted(key, value) if args.redact else value
    if args.json:
        print_json(told)
        return 0
    for section, body in told.items():
        print(f"[{section}]")
        for name, value in body.items():
            print(f"# {name} is not set" if value is None else f"{name} = {json.dumps(value)}")
        print()
    return 0
