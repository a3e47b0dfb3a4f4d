"""`reauth lab gan`: teach a network to move as the people of some recordings do."""

from argparse import Namespace
from functools import partial
from pathlib import Path
from typing import Any

from reauth.cli import lab_texts
from reauth.cli.command import Commands, command
from reauth.generate.gan_training import ENOUGH, Budget
from reauth.lab import gan
from reauth.lab.work import Watch


def add(verbs: Commands, watch: Watch) -> None:
    """Add the verb to `reauth lab`."""
    wanted = command(
        verbs, "gan", partial(_gan, watch), "teach a network to move as people do", lab_texts.GAN
    )
    wanted.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder or .tar.gz")
    wanted.add_argument("--out", type=Path, required=True, metavar="OUT", help="network, pictures")
    budget = Budget()
    for name, default, what in (
        ("epochs", budget.epochs, "times that every movement is seen"),
        ("movements", ENOUGH, "to learn from, at most"),
        ("seed", 1, "of draws"),
    ):
        wanted.add_argument(
            f"--{name}", type=int, default=default, metavar="N", help=f"{what} (default: {default})"
        )


def _gan(watch: Watch, args: Namespace) -> int:
    budget = Budget(epochs=max(1, args.epochs))
    found = gan.learn(args.data, args.out, budget, args.seed, watch, args.movements)
    last: Any = found.losses[-1]
    print(
        f"after {len(found.losses)} epochs the discriminator finds {last.human:.0%} of movements "
        f"of people and {last.machine:.0%} of the generator's; the network is {args.out}/gan.npz"
    )
    return 0
