"""The command ``sklearn-graceful``."""

import argparse
import sys
from textwrap import dedent

_EXIT = {"pass": 0, "fail": 1, "undecided": 2}
_ERROR = 3

_EPILOG = """\
files
  CSV with a header, or Parquet where pandas reads it. Each of OLD and NEW has either a
  column 'prediction' (or only one column) with labels, or one column of probabilities
  for each class, named as the class. TRUTH has the true labels in 'y_true', 'y',
  'target', 'label' or 'truth' (or in its only column); slices are made of its other
  columns. Rows are matched by their order, or by a column of ids (--id). Models are
  never loaded.

exit codes
  0 pass, 1 fail, 2 undecided: too few rows, 3 the call or a file is wrong

examples
  sklearn-graceful compare old.csv new.csv --truth truth.csv --max-nfr 0.01
  sklearn-graceful compare old.csv new.csv --truth truth.csv --id order \\
      --slices region plan --html report.html --junit report.xml
  sklearn-graceful compare old.csv new.csv --truth truth.csv --checks checks.json
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        # Not 2, which says that the rows decide nothing.
        self.exit(_ERROR, f"{self.prog}: {message}\n")


def main(arguments=None):
    """Run the command; return its exit code."""
    parser = _parser()
    args = parser.parse_args(arguments)
    try:
        return _compare(args)
    except (OSError, ValueError, ImportError) as error:
        print(f"sklearn-graceful compare: {error}", file=sys.stderr)
        return _ERROR


def _parser():
    parser = _Parser(
        prog="sklearn-graceful",
        description="Replace a model in production without new mistakes.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    compare = commands.add_parser(
        "compare",
        help="may the new model go out? by files of predictions",
        description=dedent("""\
            Compare what two models predicted for labelled rows that neither was
            trained on: negative flips (rows that only the old model has right),
            accuracy, lost classes and slices. Prints a report and exits with its
            verdict."""),
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = compare.add_argument
    add("old", metavar="OLD", help="what the old model predicted")
    add("new", metavar="NEW", help="what the new model predicted")
    add("--truth", required=True, metavar="FILE", help="the true labels")
    add("--reference", metavar="FILE", help="predictions of another run (seed floor)")
    columns = compare.add_argument_group("columns")
    add = columns.add_argument
    add("--id", metavar="COLUMN", help="ids of the rows, in all files")
    add("--target", metavar="COLUMN", help="true labels, in TRUTH")
    add("--prediction", metavar="COLUMN", help="labels, in OLD and NEW")
    add("--slices", nargs="*", metavar="COLUMN", help="judge these; none: classes only")
    add("--critical", metavar="COLUMN", help="1 or true where a row may not be lost")
    add("--groups", metavar="COLUMN", help="rows of one group are not independent")
    add("--weight", metavar="COLUMN", help="weights of the rows")
    criteria = compare.add_argument_group("criteria")
    add = criteria.add_argument
    add("--max-nfr", type=float, metavar="SHARE", help="most negative flips, e.g. 0.01")
    add("--min-gain", type=float, metavar="SHARE", help="least change of the accuracy")
    add("--confidence", type=float, default=0.95, metavar="SHARE", help="default: 0.95")
    add("--checks", metavar="FILE", help="take criteria and slices from a saved file")
    outputs = compare.add_argument_group("outputs")
    add = outputs.add_argument
    add("--html", metavar="FILE", help="write the report as a page")
    add("--json", metavar="FILE", help="write all figures")
    add("--junit", metavar="FILE", help="write the criteria as tests")
    add("--save-checks", metavar="FILE", help="write criteria and slices for later")
    return parser


def _compare(args):
    from sklearn_graceful.report import UpdateChecks, compare_models

    old, new, X, y, more = _read(args)
    if args.checks is not None:
        if args.max_nfr is not None or args.min_gain is not None or args.slices:
            raise ValueError("--checks brings its own criteria and slices.")
        checks = UpdateChecks.load(args.checks).run(old, new, X, y, **more)
        for check in checks:
            print(f"{check.verdict:13} {check.name}: {check.reason}")
        return max(
            (_EXIT.get(check.verdict, 2) for check in checks), key=(0, 2, 1).index
        )
    report = compare_models(
        old,
        new,
        X,
        y,
        max_nfr=args.max_nfr,
        min_gain=args.min_gain,
        slices=args.slices,
        confidence=args.confidence,
        **more,
    )
    print(report)
    outputs = {
        args.html: report.to_html,
        args.json: report.to_json,
        args.junit: report.to_junit,
        args.save_checks: report.save_checks,
    }
    for path, write in outputs.items():
        if path is not None:
            write(path)
    return _EXIT[report.verdict]


def _read(args):
    """Predictions, columns for slices, labels, and further arguments by name."""
    import numpy as np

    from sklearn_graceful.report import PredictionFile

    truth = PredictionFile.read(args.truth)
    target = truth.target(args.target)

    def predictions(path):
        file = PredictionFile.read(path).in_order_of(truth, args.id)
        return file.predictions(args.id, args.prediction)

    more = {}
    if args.reference is not None:
        more["reference"] = predictions(args.reference)
    if args.id is not None:
        more["ids"] = truth.column(args.id)
    if args.groups is not None:
        more["groups"] = truth.column(args.groups)
    if args.weight is not None:
        more["sample_weight"] = _as_numbers(truth, args.weight)
    if args.critical is not None:
        marks = np.char.lower(truth.column(args.critical))
        more["critical"] = ~np.isin(marks, ["", "0", "0.0", "false", "no"])
    own = {target, args.id, args.critical, args.groups, args.weight}
    table = truth.table(without=own)
    X = table if table.columns else None
    y = truth.column(target)
    return predictions(args.old), predictions(args.new), X, y, more


def _as_numbers(file, name):
    try:
        return file.column(name).astype(float)
    except ValueError:
        raise ValueError(f"{file.path}: column {name!r} holds no numbers.") from None
