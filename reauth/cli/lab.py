"""`reauth lab`: how well it tells people apart, measured on recordings by the shipped code."""

import json
import sys
from argparse import ArgumentTypeError, Namespace
from collections.abc import Iterable, Iterator
from dataclasses import replace
from os import cpu_count
from pathlib import Path
from typing import Any

from tqdm import tqdm

from reauth import app, installation
from reauth.cli import (
    lab_bots,
    lab_gan,
    lab_lognormal,
    lab_prepare,
    lab_redundancy,
    lab_replays,
    lab_texts,
)
from reauth.cli.command import Commands, command, overrides, print_json, print_table, subcommands
from reauth.decide import POLICIES
from reauth.decide import RECOMMENDED as RECOMMENDED_POLICY
from reauth.errors import SettingsError
from reauth.features import FEATURE_SETS
from reauth.lab import ablate, curve, rules
from reauth.lab.comparisons import COMPARISONS, codec_with_comparisons
from reauth.lab.cutting import whole
from reauth.lab.datasets import DATASETS
from reauth.lab.document import gathered, rendered
from reauth.lab.evaluate import Request, recordings
from reauth.lab.method import RECOMMENDED, Method, Variant, method_of
from reauth.lab.papers import PAPERS
from reauth.lab.poison import attacks, markdown, poison
from reauth.lab.seeds import over_seeds
from reauth.lab.shelf import Codec
from reauth.lab.table import MOVEMENTS, Task, write_table
from reauth.settings import Settings
from reauth.verify import RECOMMENDED as RECOMMENDED_VERIFIER
from reauth.verify import VERIFIERS, features_for
from reauth.verify.learn import MIN_GENUINE

WINDOWS = "10,20,50,100,200"
CODEC = codec_with_comparisons(Codec(*installation.template_codec()))


def add(commands: Commands) -> None:
    """Add the command to the command line."""
    top = command(commands, "lab", None, "measure on recordings how well it works", lab_texts.TEACH)
    verbs = subcommands(top)
    wanted = command(
        verbs,
        "evaluate",
        _evaluate,
        "evaluate a verifier and a policy on recordings",
        lab_texts.EVALUATE,
    )
    _recordings(wanted)
    for name, what in (("verifier", "what compares"), ("policy", "what decides")):
        wanted.add_argument(f"--{name}", default=RECOMMENDED, help=f"{what}: see `reauth lab list`")
    wanted.add_argument(
        "--windows", type=_numbers, default=_numbers(WINDOWS), metavar="N,N",
        help=f"units in a window, for error rates (default: {WINDOWS})",
    )  # fmt: skip
    wanted.add_argument(
        "--seconds", type=_numbers, default=(), metavar="S,S",
        help="active seconds in a window, for error rates beside those",
    )  # fmt: skip
    wanted.add_argument(
        "--window", type=_count, default=None, metavar="N",
        help="scores that the policy decides on (default: [identity_lane] window)",
    )  # fmt: skip
    wanted.add_argument(
        "--unseen-impostors", action="store_true", help="whoever attacks was never trained on"
    )
    wanted.add_argument(
        "--same-device-class", action="store_true",
        help="background and impostors of the user's device class only",
    )  # fmt: skip
    wanted.add_argument(
        "--resample", type=_count, metavar="MS", help="lay every recording on a grid of so many ms"
    )
    wanted.add_argument(
        "--without", type=_names, default=(), metavar="NAME,NAME", help="leave out these features"
    )
    wanted.add_argument(
        "--seeds", type=_numbers, metavar="S,S,S", help="several, summed up, in place of --seed"
    )
    _common(wanted)
    listed = command(
        verbs, "list", _list, "print verifiers, policies, papers, data sets", "next: lab evaluate"
    )
    listed.add_argument("--json", action="store_true", help="print one object")
    _add_tables(verbs)
    _add_poison(verbs)
    lab_replays.add(verbs, watched)
    _add_document(verbs)
    lab_lognormal.add(verbs, watched)
    lab_prepare.add(verbs, watched)
    lab_bots.add(verbs, watched)
    lab_redundancy.add(verbs)
    paper = command(
        verbs, "paper", _paper, "set a paper's table beside our numbers", lab_texts.PAPER
    )
    paper.add_argument("name", metavar="NAME", help="see `reauth lab list`")
    paper.add_argument(
        "--data", type=Path, required=True, metavar="SHARED_DATA", help="folder of the archives"
    )
    paper.add_argument("--out", type=Path, required=True, metavar="OUT", help="report and work")
    paper.add_argument(
        "--movements", type=_count, default=MOVEMENTS, metavar="N",
        help=f"of each kind of program, where movements are judged (default: {MOVEMENTS})",
    )  # fmt: skip
    _common(paper)
    lab_gan.add(verbs, watched)


def _add_tables(verbs: Commands) -> None:
    rows = command(verbs, "ablate", _ablate, "what each ingredient is worth", lab_texts.ABLATE)
    rows.add_argument(
        "--only", type=_names, default=(), metavar="ROW,ROW", help="these, and the first one"
    )
    grown = command(verbs, "curve", _curve, "error rates by units enrolled", lab_texts.CURVE)
    against = command(verbs, "rules", _rules, "policies at equal false alarms", lab_texts.RULES)
    for wanted in (rows, grown, against):
        _recordings(wanted)
        _common(wanted)


def _recordings(parser: Any) -> None:
    """What an evaluation is made of, whichever it is."""
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder or .tar.gz")
    parser.add_argument("--out", type=Path, required=True, metavar="OUT", help="report and work")
    parser.add_argument("--work", type=Path, metavar="DIR", help="finished units (default: in OUT)")
    parser.add_argument(
        "--backwards", action="store_true", help="the last recordings enrol, and the first test"
    )
    parser.add_argument(
        "--users", type=_names, default=(), metavar="A,B", help="only these (default: everybody)"
    )
    parser.add_argument(
        "--min-enrol", type=_count, default=MIN_GENUINE, metavar="N",
        help=f"units without which somebody cannot be enrolled (default: {MIN_GENUINE})",
    )  # fmt: skip


def _ablate(args: Namespace) -> int:
    rows = ablate.ingredients(_settings(args), args.min_enrol)
    asked = _asked(args, rows[0].method)
    found = ablate.ablate(asked, ablate.chosen(rows, args.only), watched)
    return _kept(args.out, found, f"# Ablation: {ablate.text(found)}\n{ablate.ABOUT}")


def _curve(args: Namespace) -> int:
    from reauth.lab.plots import draw_curve  # noqa: PLC0415 - matplotlib takes a second

    method = method_of(_settings(args), RECOMMENDED, RECOMMENDED, args.min_enrol)
    found = curve.curve(_asked(args, method), curve.POINTS, watched)
    args.out.mkdir(parents=True, exist_ok=True)
    draw_curve(f"{method.verifier.name} on {args.data.name}", found, args.out / "curve.svg")
    text = f"# Learning curve: {curve.text(found)}\n{curve.ABOUT}\n![curve](curve.svg)\n"
    return _kept(args.out, found, text)


def _rules(args: Namespace) -> int:
    from reauth.lab.plots import draw_rules  # noqa: PLC0415 - matplotlib takes a second

    method = method_of(_settings(args), RECOMMENDED, RECOMMENDED, args.min_enrol)
    found = rules.compared(_asked(args, method), watched)
    args.out.mkdir(parents=True, exist_ok=True)
    draw_rules(f"{method.verifier.name} on {args.data.name}", found, args.out / "rules.svg")
    text = f"# Rules: {rules.text(found)}\n{rules.ABOUT}\n![rules](rules.svg)\n"
    return _kept(args.out, found, text)


def _kept(out: Path, report: dict[str, Any], text: str) -> int:
    whole(out / "report.json", (json.dumps(report, indent=1, allow_nan=False) + "\n").encode())
    whole(out / "report.md", text.encode())
    print(text, end="")
    return 0


def _asked(args: Namespace, method: Method) -> Request:
    return Request(
        data=args.data, out=args.out, method=method, windows=(), unseen=True, same_class=False,
        seed=args.seed, jobs=args.jobs, codec=CODEC, users=args.users, work=args.work,
        backwards=args.backwards,
    )  # fmt: skip


def _add_poison(verbs: Commands) -> None:
    about = "try to teach templates to accept a stranger"
    wanted = command(verbs, "poison", _poison, about, lab_texts.POISON)
    wanted.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder or .tar.gz")
    wanted.add_argument("--out", type=Path, required=True, metavar="OUT", help="report and work")
    wanted.add_argument(
        "--window", type=_count, default=20, metavar="N", help="units to decide on (default: 20)"
    )
    _common(wanted)


def _poison(args: Namespace) -> int:
    method = method_of(_settings(args), RECOMMENDED, "window", MIN_GENUINE)
    with recordings(args.data) as folder:
        files: dict[str, tuple[Path, ...]] = {}
        for file in sorted(folder.glob("*/*.csv")):
            files[file.parent.name] = (*files.get(file.parent.name, ()), file)
        jobs = attacks(files, method, args.window, args.seed, args.out)
        told = poison(jobs, args.jobs, watched)
    return _kept(args.out, told, markdown(told))


def _add_document(verbs: Commands) -> None:
    wanted = command(
        verbs, "document", _document, "write one document of many reports", lab_texts.DOCUMENT
    )
    wanted.add_argument(
        "--reports", type=Path, required=True, nargs="+", metavar="DIR",
        help="each holds <name>/report.json, or is such a folder",
    )  # fmt: skip
    wanted.add_argument("--out", type=Path, required=True, metavar="FILE", help="the document")
    wanted.add_argument(
        "--figures", type=Path, metavar="FILE", help="keep what was read, without users, as JSON"
    )


def _document(args: Namespace) -> int:
    reports = gathered(*args.reports)
    if args.figures is not None:
        whole(args.figures, (json.dumps(reports, indent=1) + "\n").encode())
    whole(args.out, rendered(reports).encode())
    print(args.out)
    return 0


def _common(parser: Any) -> None:
    cores = cpu_count() or 1
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="of draws (default: 1)")
    parser.add_argument(
        "--jobs", type=_count, default=cores, metavar="N", help=f"processes (default: {cores})"
    )


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(f"'{text}' is no whole number from 1 on")
    return int(text)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(sorted({_count(part.strip()) for part in text.split(",")}))


def _names(text: str) -> tuple[str, ...]:
    return tuple(sorted({part.strip() for part in text.split(",")} - {""}))


def _evaluate(args: Namespace) -> int:
    from reauth.lab.report import title_of, write  # noqa: PLC0415 - matplotlib takes a second

    settings = _settings(args)
    if args.window is not None:
        lane = replace(settings.identity_lane, window=args.window)
        settings = replace(settings, identity_lane=lane)
    variant = Variant(resample=(args.resample or 0) / 1e3, without=args.without)
    request = replace(
        _asked(args, method_of(settings, args.verifier, args.policy, args.min_enrol, variant)),
        windows=args.windows,
        seconds=args.seconds,
        unseen=args.unseen_impostors,
        same_class=args.same_device_class,
    )
    result = over_seeds(request, args.seeds or (args.seed,), watched)
    write(result, args.out)
    print(title_of(result.report))
    print_table(("units", "EER pooled", "per user", "same class"), _rates(result.report))
    print(f"the report is {args.out / 'report.md'}")
    return 0


def _settings(args: Namespace) -> Settings:
    """The settings file where there is one, else the shipped defaults."""
    path = Path(args.config)
    missing = args.config == "mitm.toml" and not path.exists()
    return app.load_settings(None if missing else path, overrides(args))


def _rates(report: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for size, told in report["eer"].items():
        same = report["eer_same_device_class"][size]
        values = told.get("pooled"), told.get("per_user_mean"), same.get("pooled")
        yield size, *("-" if value is None else f"{value:.1%}" for value in values)


def watched(items: Iterable[Any], count: int, what: str) -> Iterator[Any]:
    """Go through finished units under a bar, which only a terminal sees."""
    hidden = not sys.stderr.isatty() or not count
    yield from tqdm(items, total=count, desc=f"{what}s", unit=what, disable=hidden)


def _list(args: Namespace) -> int:
    if args.json:
        print_json(
            {
                "verifiers": [RECOMMENDED, *VERIFIERS],
                "comparisons": list(COMPARISONS),
                "groups": {name: list(each.groups) for name, each in FEATURE_SETS.items()},
                "policies": [RECOMMENDED, *POLICIES],
                "recommended": {"verifier": RECOMMENDED_VERIFIER, "policy": RECOMMENDED_POLICY},
                "papers": list(PAPERS),
                "datasets": list(DATASETS),
            }
        )
        return 0
    rows = [("verifier", RECOMMENDED, f"is {RECOMMENDED_VERIFIER}")]
    for name in VERIFIERS:
        features = features_for(name)
        rows.append(("verifier", name, f"features {features.name}, units by {features.segmenter}"))
    rows += [
        ("verifier", name, f"comparison only, in no installation: features {each.features}")
        for name, each in COMPARISONS.items()
    ]
    rows += [("features", name, ", ".join(each.groups)) for name, each in FEATURE_SETS.items()]
    rows.append(("policy", RECOMMENDED, f"is {RECOMMENDED_POLICY}"))
    rows += [("policy", name, "") for name in POLICIES]
    rows += [("paper", name, paper.about) for name, paper in PAPERS.items()]
    rows += [("data set", name, f"{name}.tar.gz") for name in DATASETS]
    print_table(("what", "name", ""), rows)
    return 0


def _paper(args: Namespace) -> int:
    if args.name not in PAPERS:
        raise SettingsError(f"there is no paper '{args.name}' yet; there are: {', '.join(PAPERS)}")
    task = Task(args.data, args.out, args.seed, args.jobs, CODEC, args.movements)
    table = PAPERS[args.name].make(task, watched)
    write_table(table, args.out)
    rows = [(row.name, row.text(row.published), row.text(row.ours), row.kept) for row in table.rows]
    print_table(("row", "published", "ours", ""), rows)
    print(f"the report is {args.out / 'report.md'}")
    if table.missed:
        names = "; ".join(row.name for row in table.missed)
        print(f"reauth: outside the tolerance: {names}", file=sys.stderr)
    return int(bool(table.missed))
