"""A search engine gets another embedder of texts: what can stay, and what is gained?

    python -m benchmarks.text_upgrade [--seeds 5] [--pairs 50 200 1000] [--reverse]
        [--fit-on bodies titles both] [--cache FILE.npz]

The documents are 2,061 news of the BBC that share neither title nor body. A query is a
title, the right answer its body. The old embedder is WordLlama (256-d), the new one
all-MiniLM-L6-v2 (384-d); --reverse swaps them, an update that nobody should deploy.
Each seed draws three disjoint sets of documents:

    1,000   whose vectors by both embedders the adapters are fitted on, or the first
            50 or 200 of them: bodies, titles or both
    261     on which the share of the fusion is chosen
    800     whose titles search their bodies; everything below is measured there

    old self      old queries, old gallery
    new self      new queries, gallery embedded again: the full re-index
    identity      new queries, with zeros added or coordinates cut off, old gallery
    KIND          new queries, mapped by EmbeddingAdapter(KIND), old gallery
    moved KIND    new queries, old gallery mapped into the new space without its texts
    fused KIND    both queries, slerp at the chosen share, old gallery

Recall at 1 and 10 and mean average precision, in %, with 95 % t-intervals over seeds;
the seeds share documents, so these are approximate. "change" is recall at 1 minus the
old self-test, paired by seed. The verdict is that of advise_embedder_update on each
seed's queries, by recall at 1, and how many seeds agree.

Embedding takes about 5 minutes of one CPU core, once with --cache; the rest takes 2.
"""

import argparse
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from benchmarks.flips.tables import mean_cell
from sklearn_graceful.datasets import (
    MiniLMEmbedder,
    WordLlamaEmbedder,
    load_bbc_news,
)
from sklearn_graceful.embedding import EmbeddingAdapter
from sklearn_graceful.metrics import retrieval_outcomes
from sklearn_graceful.report import advise_embedder_update

N_POOL, N_TUNING = 1000, 261
MEASURES = ("recall@1", "recall@10", "map")
ADAPTERS = {
    "procrustes": {"kind": "procrustes"},
    "ridge": {"kind": "ridge", "alpha": "auto"},
    "mlp": {"kind": "mlp", "alpha": "auto"},
}


def embed(cache):
    """Vectors of titles and bodies by both embedders, from the cache if there is one.

    Returns
    -------
    vectors : dict of str to ndarray
        ``"WordLlama titles"`` and so on.
    """
    if cache and Path(cache).exists():
        return dict(np.load(cache))
    titles, bodies, _ = load_bbc_news(distinct=True)
    vectors = {}
    for name, embedder in (
        ("WordLlama", WordLlamaEmbedder()),
        ("MiniLM", MiniLMEmbedder()),
    ):
        vectors[f"{name} titles"] = embedder.transform(titles)
        vectors[f"{name} bodies"] = embedder.transform(bodies)
    if cache:
        np.savez(cache, **vectors)
    return vectors


class Update:
    """One embedder replaces another: vectors of both, by what they are for.

    Parameters
    ----------
    vectors : dict
        As `embed` returns.
    old, new : str
        Names of the embedders.
    """

    def __init__(self, vectors, old, new):
        self.old = {part: vectors[f"{old} {part}"] for part in ("titles", "bodies")}
        self.new = {part: vectors[f"{new} {part}"] for part in ("titles", "bodies")}

    def pairs(self, rows, fit_on):
        """New and old vectors of the same texts."""
        parts = ("titles", "bodies") if fit_on == "both" else (fit_on,)
        return tuple(
            np.concatenate([vectors[part][rows] for part in parts])
            for vectors in (self.new, self.old)
        )


def search(queries, gallery):
    """Outcomes of queries whose right answer is in their own row of the gallery."""
    rows = np.arange(len(gallery))
    return retrieval_outcomes(queries, gallery, query_labels=rows, gallery_labels=rows)


def run_seed(update, seed, sizes, fit_on):
    """Outcomes by (way, number of pairs); 0 pairs where there is no adapter."""
    order = np.random.default_rng(seed).permutation(len(update.old["titles"]))
    pool, tuning, rows = np.split(order, [N_POOL, N_POOL + N_TUNING])
    old_titles, old_bodies = (update.old[part][rows] for part in ("titles", "bodies"))
    new_titles, new_bodies = (update.new[part][rows] for part in ("titles", "bodies"))
    found = {
        ("old self", 0): search(old_titles, old_bodies),
        ("new self", 0): search(new_titles, new_bodies),
        ("identity", 0): search(resize(new_titles, old_bodies.shape[1]), old_bodies),
    }
    shares = {}
    for n_pairs in sizes:
        for name, parameters in ADAPTERS.items():
            adapter = EmbeddingAdapter(**parameters, random_state=seed)
            adapter.fit(*update.pairs(pool[:n_pairs], fit_on))
            share = adapter.choose_share(
                update.new["titles"][tuning],
                update.old["titles"][tuning],
                tuning,
                gallery=update.old["bodies"][tuning],
                gallery_labels=tuning,
            ).share
            shares[name, n_pairs] = share
            fused = adapter.fuse(new_titles, old_titles, share=share)
            moved = adapter.inverse_transform(old_bodies)
            mapped = adapter.transform(new_titles)
            found[name, n_pairs] = search(mapped, old_bodies)
            found[f"moved {name}", n_pairs] = search(new_titles, moved)
            found[f"fused {name}", n_pairs] = search(fused, old_bodies)
    return found, shares


def resize(vectors, width):
    """Vectors with zeros added or their last coordinates cut off."""
    return vectors @ np.eye(vectors.shape[1], width, dtype=vectors.dtype)


def figures(found, seed):
    """Figures of one seed: for each way its measures, its change and its verdict."""
    old_self, new_self = (found[name, 0] for name in ("old self", "new self"))
    result = {}
    for way, outcomes in found.items():
        advice = advise_embedder_update(
            *(each.values("recall@1") for each in (old_self, outcomes, new_self)),
            random_state=seed,
        )
        measures = [100 * outcomes.mean(measure) for measure in MEASURES]
        change = 100 * advice.cross_difference.estimate
        result[way] = ([*measures, change], advice.verdict)
    return result


def print_table(by_seed):
    columns = ["R@1", "R@10", "MAP", "change"]
    print(f"{'':18}{'pairs':>6}" + "".join(f"{c:>16}" for c in columns) + "  verdict")
    for way, n_pairs in by_seed[0]:
        results = [figures_of_seed[way, n_pairs] for figures_of_seed in by_seed]
        cells = [
            mean_cell(values, digits=1)
            for values in zip(*(values for values, _ in results), strict=True)
        ]
        verdicts = Counter(verdict for _, verdict in results).most_common()
        said = ", ".join(f"{verdict} {count}" for verdict, count in verdicts)
        line = f"{way:18}{n_pairs or '':>6}" + "".join(f"{c:>16}" for c in cells)
        print(line if way.endswith("self") else f"{line}  {said}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--pairs", type=int, nargs="+", default=[50, 200, 1000])
    parser.add_argument("--reverse", action="store_true")
    parser.add_argument(
        "--fit-on",
        nargs="+",
        choices=["bodies", "titles", "both"],
        default=["bodies", "both"],
    )
    parser.add_argument("--cache", help="file of vectors, written if missing")
    arguments = parser.parse_args()
    old, new = ["MiniLM", "WordLlama"] if arguments.reverse else ["WordLlama", "MiniLM"]
    update = Update(embed(arguments.cache), old, new)
    for fit_on in arguments.fit_on:
        by_seed, all_shares = [], defaultdict(list)
        for seed in range(arguments.seeds):
            found, shares = run_seed(update, seed, arguments.pairs, fit_on)
            by_seed.append(figures(found, seed))
            for key, share in shares.items():
                all_shares[key].append(share)
        print(f"\n{old} -> {new}, adapters fitted on {fit_on}, {len(by_seed)} seeds")
        print_table(by_seed)
        for (name, n_pairs), values in all_shares.items():
            chosen = ", ".join(f"{value:.2f}" for value in values)
            print(f"share of the new vector, {name}, {n_pairs} pairs: {chosen}")


if __name__ == "__main__":
    main()
