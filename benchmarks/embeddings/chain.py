"""Four releases: does the last one still search the first one's gallery?"""

from dataclasses import asdict

import numpy as np

from benchmarks.embeddings.characters import SCRIPTS, draw_releases
from benchmarks.embeddings.data import NETS, growing_rows
from sklearn_graceful import CompatibleEmbedder
from sklearn_graceful.compatibility import Focal
from sklearn_graceful.metrics import compatibility_matrix

# The pairwise chain knows the version before it only.
CHAINS = {"chain": "focal", "pairwise": Focal(earlier=0), "bct": "bct"}


def run_chain(trial, done):
    """Matrices of the chains that are not done yet."""
    missing = [m for m in CHAINS if m not in {record["method"] for record in done}]
    if not missing:
        return []
    draw = draw_releases if trial.set in SCRIPTS else growing_rows
    records, rows = [], draw(trial.set, trial.seed)
    for method in missing:
        old, embeddings = None, []
        for release, (part, dim) in enumerate(zip(rows.parts, rows.dims, strict=True)):
            old = CompatibleEmbedder(
                NETS[trial.set].make(),
                old_model=old,
                method=CHAINS[method],
                embedding_dim=dim,
                random_state=100 * trial.seed + release,
            ).fit(*part)
            embeddings.append(old.transform(rows.X_test))
        record = {**asdict(trial), "method": method, "n_test": len(rows.y_test)}
        for figure in ("recall@1", "map"):
            matrix = compatibility_matrix(
                embeddings, labels=rows.y_test, measure=figure, old_view=True
            )
            record[figure] = {
                "values": matrix.values.tolist(),
                "AC": float(matrix.average_compatibility),
                "AM": float(matrix.average_multimodel_accuracy),
            }
        records.append(record)
    return records


def print_chains(records):
    """Mean matrices, AC and AM."""
    for name in dict.fromkeys(r["set"] for r in records):
        for method in CHAINS:
            own = [r for r in records if (r["set"], r["method"]) == (name, method)]
            if not own:
                continue
            for figure in ("recall@1", "map"):
                compatible = [round(r[figure]["AC"], 2) for r in own]
                accuracy = np.mean([r[figure]["AM"] for r in own])
                print(
                    f"\n{name}, {method}, {figure}: AC by seed {compatible}, "
                    f"AM {100 * accuracy:.2f}; query version by gallery version, in %"
                )
                values = np.mean([r[figure]["values"] for r in own], axis=0)
                for i, row in enumerate(100 * values):
                    print("  " + "".join(f"{cell:8.2f}" for cell in row[: i + 1]))
