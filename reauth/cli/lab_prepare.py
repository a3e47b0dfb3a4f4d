"""`reauth lab prepare`: the folders that `lab bots` and `lab replays` want."""

from argparse import Namespace
from functools import partial
from pathlib import Path

from reauth.cli.command import Commands, command, print_table
from reauth.lab.prepare import prepare
from reauth.lab.work import Watch

TEACH = """\
Cuts folders out of the archives of the public sets. Who teaches and who is tested are different
people; each side's programs are fitted to its own people; recordings stay whole.

  OUT/bots/train-human, train-bot   what teaches
  OUT/bots/human, bot               what is tested, with a kind of program that teaches nobody
  OUT/bots/tool-human, tool-bot     programs of strangers, and people who did the same
  OUT/replays/library, data         first recordings, and later ones and those of strangers

They hold movement of people: delete them with the archives.

example:
  reauth lab prepare --data ../shared/data --out out/prepared

next: reauth lab bots, reauth lab replays
"""


def add(verbs: Commands, watch: Watch) -> None:
    """Add the command."""
    about = "cut what `lab bots` and `lab replays` want"
    wanted = command(verbs, "prepare", partial(_prepare, watch), about, TEACH)
    wanted.add_argument(
        "--data", type=Path, required=True, metavar="SHARED_DATA", help="folder of the archives"
    )
    wanted.add_argument("--out", type=Path, required=True, metavar="OUT", help="the folders")
    wanted.add_argument("--seed", type=int, default=1, metavar="S", help="of draws (default: 1)")


def _prepare(watch: Watch, args: Namespace) -> int:
    written = prepare(args.data, args.out, args.seed, watch)
    print_table(("folder", "recordings"), [(name, str(count)) for name, count in written.items()])
    return 0
