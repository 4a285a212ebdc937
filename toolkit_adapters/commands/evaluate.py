"""Score raw result files of any tracker, without running it.

RAW is a folder or zip of one tracker's results, in the layout of pytracking (<sequence>.txt),
got10k (<sequence>/<sequence>_001.txt) or pysot, its numbers separated by tabs, commas or spaces.
The same files give different numbers under different authorities, so every score is printed with
its convention.

  lasot        lasot_pytracking (default: the papers' numbers), lasot_official, lasot_got10k
  trackingnet  trackingnet (the server's code)
  got10k-val   got10k
  otb          otb_official (default), otb_pytracking
  uav123       uav_pytracking (default: the papers' numbers), uav_official
  nfs30        nfs_pytracking
  tnl2k        tnl2k_pytracking

examples:
  hit-trackers evaluate SiamRPN++.zip --dataset lasot --annotations /data/LaSOT
  hit-trackers evaluate results/mine --dataset lasot --annotations annotations.zip \\
      --convention official --sequences
  hit-trackers evaluate SiamRPN++.zip ATOM.zip mine=results/mine --dataset lasot \\
      --annotations /data/LaSOT --out comparison
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toolkit_adapters.scoring import Score
    from toolkit_adapters.scoring.attributes import Group
    from toolkit_adapters.scoring.rawresults.evaluation import Evaluation
    from toolkit_adapters.scoring.statistics import Interval

#: Datasets whose truth is public, all of it.
SCORED = (
    *("lasot", "got10k-val", "trackingnet", "lasot-ext", "otb", "uav123", "uav20l"),
    *("nfs30", "nfs240", "tnl2k", "got10k-train"),
)

#: Of `--attributes` without a value.
OWN = Path()

HELP = "score raw result files of any tracker under a named convention"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `evaluate`."""
    parser.add_argument(
        "raw",
        nargs="+",
        metavar="[LABEL=]RAW",
        help="results of one tracker; several are compared, the others with the first",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="write the comparison there: table (.md, .csv, .tex) and curves (.png, .svg, .pgf)",
    )
    parser.add_argument(
        "--dataset",
        required=True,
        choices=SCORED,
        metavar="NAME",
        help="lasot, got10k-val, trackingnet, lasot-ext, otb, uav123, uav20l, nfs30, nfs240, tnl2k",
    )
    parser.add_argument(
        "--annotations",
        required=True,
        type=Path,
        metavar="PATH",
        help="dataset root, folder of annotations, or zip of one",
    )
    parser.add_argument("--convention", metavar="NAME", help="who scores (default: see above)")
    parser.add_argument(
        "--attributes",
        type=Path,
        nargs="?",
        const=OWN,
        metavar="PATH",
        help="scores by attribute, as the benchmark says who has which, or PATH does: a folder or "
        "zip of <sequence>.txt with zeros and ones",
    )
    parser.add_argument("--sequences", action="store_true", help="print each sequence too")
    parser.add_argument("--json", action="store_true", help="print JSON, curves included")
    parser.add_argument(
        "--skip-missing", action="store_true", help="score the sequences that have a result"
    )
    parser.add_argument(
        "--repair", action="store_true", help="rows the convention refuses: take the row before"
    )
    parser.add_argument(
        "--truncate",
        action="store_true",
        help="cut boxes to integers first, as pytracking and HiT do when saving",
    )


def run(args: argparse.Namespace) -> int:
    """Evaluate and print; 0, or 1 by an error of ours."""
    from toolkit_adapters.scoring import find
    from toolkit_adapters.scoring.rawresults.evaluation import evaluate

    evaluations = {
        label: evaluate(
            path,
            args.annotations,
            find(args.dataset, args.convention),
            skip_missing=args.skip_missing,
            repair=args.repair,
            truncate=args.truncate,
            dataset=args.dataset,
            attributes=args.attributes == OWN,
        )
        for label, path in _labelled(args.raw).items()
    }
    if len(evaluations) > 1 or args.out is not None:
        return _compare(args, evaluations)
    args.raw = Path(args.raw[0].partition("=")[2] or args.raw[0])
    evaluation = next(iter(evaluations.values()))
    intervals = _intervals(evaluation)
    groups = _groups(args, evaluation)
    if args.json:
        json.dump(_as_json(evaluation, intervals, groups), sys.stdout, indent=2)
        print()
    else:
        _print(args, evaluation, intervals, groups)
    return 0


def _labelled(values: Sequence[str]) -> dict[str, Path]:
    """Read `LABEL=RAW`, or RAW, whose name is the label then.

    Raises:
        ResultFileError: two have the same label.
    """
    from hit_trackers.errors import ResultFileError

    found: dict[str, Path] = {}
    for value in values:
        label, equals, rest = value.partition("=")
        named = equals and not Path(value).exists()
        path = Path(rest if named else value)
        label = label if named else path.resolve().name.removesuffix(".zip")
        if label in found:
            raise ResultFileError(
                f"{value}: the label {label} is taken by {found[label]}; give LABEL={path}"
            )
        found[label] = path
    return found


def _compare(args: argparse.Namespace, evaluations: Mapping[str, Evaluation]) -> int:
    """Print and write a comparison."""
    from toolkit_adapters.reporting import comparison

    groups = {label: _groups(args, one) for label, one in evaluations.items()}
    found = comparison.compare(evaluations, groups, args.dataset)
    if args.json:
        content = {
            label: _as_json(one, _intervals(one), groups[label])
            for label, one in evaluations.items()
        }
        json.dump(content, sys.stdout, indent=2)
        print()
    else:
        for number, shown in enumerate(comparison.tables(found)):
            print(f"\n{shown.title}\n" if number else "", end="")
            print(shown.to_text())
            print("".join(f"  {note}\n" for note in shown.notes), end="")
    if args.out is not None:
        for path in comparison.write(found, args.out):
            print(f"wrote {path}", file=sys.stderr if args.json else sys.stdout)
    return 0


def _intervals(evaluation: Evaluation) -> Mapping[str, Interval]:
    """The intervals of an evaluation's scores."""
    from toolkit_adapters.scoring.statistics import score_intervals

    return score_intervals(list(evaluation.scores.values()))


def _groups(args: argparse.Namespace, evaluation: Evaluation) -> Mapping[str, Group]:
    """Scores by attribute."""
    from toolkit_adapters.scoring.attributes import Group
    from toolkit_adapters.scoring.rawresults.annotations import read_attributes
    from toolkit_adapters.scoring.rawresults.files import Files

    if args.attributes is None or args.attributes == OWN:
        return evaluation.attributes
    with Files(args.attributes) as files:
        attributes = read_attributes(files, tuple(evaluation.scores), args.dataset)
    means = {title: (len(names), evaluation.over(names)) for title, names in attributes.items()}
    return {title: Group(mean, count) for title, (count, mean) in means.items() if mean is not None}


def _print(
    args: argparse.Namespace,
    evaluation: Evaluation,
    intervals: Mapping[str, Interval],
    groups: Mapping[str, Group],
) -> None:
    from tabulate import tabulate

    names = evaluation.convention.headline
    overall = evaluation.overall
    convention = evaluation.convention
    print(f"{args.raw}, under {convention.name}: {convention.authority}")
    if args.truncate:
        print("boxes truncated to integers first (--truncate)")
    counts = f"{len(evaluation.scores)} of {evaluation.sequences} sequences"
    print(f"{counts}, {overall.frames} frames\n")
    scores = [(n, 100 * overall.values[n], str(intervals[n])) for n in names]
    print(tabulate(scores, ("score", "%", "95 % interval over sequences"), floatfmt=".3f"))

    def show(headings: tuple[str, str], rows: Sequence[tuple[str, object, Score]]) -> None:
        cells = [(*row, *(100 * score.values[n] for n in names)) for *row, score in rows]
        print("\n" + tabulate(cells, (*headings, *names), floatfmt=".2f"))

    if groups:
        rows = [(name, one.size, one.score) for name, one in groups.items()]
        show(("attribute", "sequences"), rows)
    if args.sequences:
        show(
            ("sequence", "frames"),
            [(name, one.frames, one) for name, one in evaluation.scores.items()],
        )
    if args.attributes == OWN and not groups:
        print("\nthe benchmark says nothing of attributes, or its files are not there")
    _print_notes(evaluation)


def _print_notes(evaluation: Evaluation) -> None:
    lines = [f"{name}: {note}" for name, score in evaluation.scores.items() for note in score.notes]
    lines += [
        f"{name}: {count} rows with NaN or of no size" for name, count in evaluation.bad.items()
    ]
    left_out = [name for name in evaluation.missing if name not in evaluation.scores]
    if left_out:
        lines.append(f"{len(left_out)} sequences have no result, left out: {', '.join(left_out)}")
    if unused := evaluation.unused:
        more = ", ... (--json lists them)" if len(unused) > 5 else ""
        lines.append(f"{len(unused)} files belong to no sequence: {', '.join(unused[:5])}{more}")
    if lines:
        print("\nnotes")
    for line in lines:
        print(f"  {line}")


def _as_json(
    evaluation: Evaluation,
    intervals: Mapping[str, Interval],
    groups: Mapping[str, Group],
) -> dict[str, Any]:
    from toolkit_adapters.records import jsonable

    overall = evaluation.overall
    content = {
        "convention": evaluation.convention.name,
        "authority": evaluation.convention.authority,
        "sequences": {"scored": len(evaluation.scores), "of": evaluation.sequences},
        "frames": overall.frames,
        "overall": overall.values,
        "intervals_95": {name: [i.low, i.high] for name, i in intervals.items()},
        "curves": {
            name: {"thresholds": evaluation.convention.thresholds[name], "values": curve}
            for name, curve in overall.curves.items()
        },
        "attributes": {
            title: {
                "sequences": group.sequences,
                **({} if group.frames is None else {"frames": group.frames}),
                **group.score.values,
            }
            for title, group in groups.items()
        },
        "by_sequence": {
            name: {"frames": score.frames, **score.values, "notes": score.notes}
            for name, score in evaluation.scores.items()
        },
        "missing": evaluation.missing,
        "unused": evaluation.unused,
        "bad_rows": evaluation.bad,
    }
    result: dict[str, Any] = jsonable.plain(content)
    return result
