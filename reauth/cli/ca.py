"""`reauth ca`: the certificate that devices are asked to trust."""

import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from reauth import ca
from reauth.cli.command import Commands, command, print_json, settings_of, subcommands
from reauth.cli.deeds import noted_there
from reauth.errors import CaError
from reauth.installation import DAY

_TEACH = """\
`reauth run` makes a CA on its first start; these commands are for doing it by hand and for
changing it. Devices get the certificate from the console (/setup), or by the scripts in certs/.

examples:
  reauth ca create --permit example.org --permit example.net
  reauth ca show
  reauth ca export --out ca.pem
  reauth ca export --form der --out ca.der
  reauth ca rotate              a next CA beside the present one; distribute `ca export`
  reauth ca rotate --finish     when every device has it: let it sign, then SIGHUP to the proxy
"""


def add(commands: Commands) -> None:
    """Add the command to the command line."""
    top = command(commands, "ca", None, "create, show, export and rotate the CA", _TEACH)
    verbs = subcommands(top)
    create = command(verbs, "create", _create, "make a CA; never over one that is there", _TEACH)
    create.add_argument("--name", metavar="NAME", help="what people see in their trust store")
    create.add_argument("--days", type=int, metavar="N", help=f"life, at most {ca.MAX_DAYS}")
    create.add_argument(
        "--permit", action="append", default=[], metavar="DNS", help="sign below this name only"
    )
    create.add_argument(
        "--exclude", action="append", default=[], metavar="DNS", help="never sign below this name"
    )
    show = command(verbs, "show", _show, "describe the CA, fingerprint first", _TEACH)
    show.add_argument("--json", action="store_true", help="print an object")
    export = command(verbs, "export", _export, "give the certificate, never the key", _TEACH)
    export.add_argument("--form", choices=("pem", "der"), default="pem", help="pem holds all")
    export.add_argument("--next", action="store_true", help="with der: the one to come")
    export.add_argument("--out", metavar="FILE", help="standard output where absent")
    rotate = command(verbs, "rotate", _rotate, "replace the CA with overlap", _TEACH)
    rotate.add_argument("--finish", action="store_true", help="let the next CA sign")
    rotate.add_argument("--days", type=int, metavar="N", help="life; as long as the present one")


def _create(args: Namespace) -> int:
    settings = settings_of(args)
    folder = Path(settings.ca_path)
    with noted_there(settings, "ca.create", str(folder)):
        ca.create(
            folder,
            name=args.name or settings.ca.name,
            days=int(settings.ca.life / DAY) if args.days is None else args.days,
            permitted=args.permit,
            excluded=[*settings.ca.excluded, *args.exclude],
        )
    _describe(ca.show(folder), folder)
    print("next: install it on the devices, see certs/ or the console's /setup")
    return 0


def _show(args: Namespace) -> int:
    folder = Path(settings_of(args).ca_path)
    about = ca.show(folder)
    if args.json:
        print_json(about)
        return 0
    _describe(about, folder)
    for name, other in (("next", about["next"]), *(("previous", one) for one in about["previous"])):
        if other:
            print(f"{name}: {other['sha256']}, {other['not_before']} to {other['not_after']}")
    return 0


def _describe(about: dict[str, Any], folder: Path) -> None:
    print(f"SHA-256      {about['sha256']}")
    print(f"subject      {about['subject']}")
    print(f"valid        {about['not_before']} to {about['not_after']}")
    print(f"key          {about['key']}, path length {about['path_length']}")
    limits = about["name_constraints"]
    for kind in ("permitted", "excluded"):
        if limits and limits[kind]:
            print(f"{kind:12} {', '.join(limits[kind])}")
    print(f"file         {folder / ca.CERTIFICATE}")


def _export(args: Namespace) -> int:
    data = ca.export(Path(settings_of(args).ca_path), args.form, coming=args.next)
    if args.out is None:
        sys.stdout.buffer.write(data)
        return 0
    try:
        Path(args.out).write_bytes(data)
    except OSError as error:
        raise CaError(f"cannot write {args.out}: {error.strerror}") from None
    return 0


def _rotate(args: Namespace) -> int:
    settings = settings_of(args)
    folder = Path(settings.ca_path)
    with noted_there(settings, "ca.finish" if args.finish else "ca.rotate", str(folder)):
        if args.finish:
            ca.finish(folder)
        else:
            ca.rotate(folder, days=args.days)
    if args.finish:
        _describe(ca.show(folder), folder)
        print("next: SIGHUP to `reauth run` or `reauth proxy`, which then signs with this one")
    else:
        _describe(ca.show(folder)["next"], folder)
        print("next: `reauth ca export` to all devices, then `reauth ca rotate --finish`")
    return 0
