"""The attack range: `python -m tests.attacks`; 1 where an attack was missed or a person flagged."""

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

from reauth.generate import GENERATORS
from tests.attacks.cast import people
from tests.attacks.range import Range, report, run


def main() -> int:
    """Play the attacks that are asked for, and people beside."""
    parser = argparse.ArgumentParser(prog="make attacks", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the recordings")
    parser.add_argument("--out", type=Path, default=Path("out/attacks"), help="for report.json")
    parser.add_argument("--kinds", default="", help="of `reauth bot`; all but the network if none")
    parser.add_argument("--minutes", type=float, default=30, help="of people, all together")
    parser.add_argument("--people", type=int, default=6, help="who sit at their own accounts")
    parser.add_argument("--at-once", type=int, default=3, help="browsers")
    parser.add_argument("--seed", type=int, default=1, help="of all that is drawn")
    asked = parser.parse_args()
    kinds = asked.kinds.replace(",", " ").split() or [kind for kind in GENERATORS if kind != "gan"]
    cast = people(asked.data, asked.seed)
    if len(cast) < len(kinds) + asked.people:
        parser.error(f"{len(cast)} people in {asked.data}; {len(kinds) + asked.people} are needed")
    asked.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="reauth-range-") as folder:
        range_ = Range(Path(folder), cast, len(kinds) + asked.people, asked.seed)
        asyncio.run(range_.prepare())
        results = asyncio.run(run(range_, kinds, asked.minutes, asked.at_once))
        (asked.out / "reauth.log").write_bytes((Path(folder) / "reauth.log").read_bytes())
    (asked.out / "report.json").write_text(json.dumps(report(results), indent=2), "utf-8")
    print(f"{sum(each.right for each in results)} of {len(results)} as they should be")
    return int(not all(each.right for each in results))


if __name__ == "__main__":
    sys.exit(main())
