"""
5. Upgrade a text embedder, or not
==================================

A search engine finds news. It has stored one vector for every text, all made by an old
embedder. A new one is better. But its vectors mean nothing beside those that are
stored: either every text is embedded again, or something must lead from the new vectors
to the old ones.

This example measures what each way is worth, and lets the figures say which to take:
upgrade, re-index, or keep the old embedder.
"""

# %%
# The search engine
# -----------------
# A query is a title, and the right answer is the text below it. The old embedder,
# WordLlama, takes the mean of the vectors of all words, 256 numbers. The new one,
# MiniLM, is a small transformer of 384 numbers. It reads the first 128 tokens here, so
# that this page is built in good time.
#
# The documents fall into three parts that share none: on the first, adapters are
# fitted; on the second, one way is chosen; the last one is for the verdict alone.
import numpy as np

from sklearn_graceful.datasets import (
    MiniLMEmbedder,
    WordLlamaEmbedder,
    load_bbc_news,
)

titles, bodies, _ = load_bbc_news(distinct=True)
documents = np.random.default_rng(0).permutation(len(titles))[:1400]
fitting, choosing, verdict = np.split(np.arange(1400), [700, 900])


def embed(embedder):
    """Vectors of titles and of bodies."""
    return {
        "titles": embedder.transform([titles[i] for i in documents]),
        "bodies": embedder.transform([bodies[i] for i in documents]),
    }


wordllama = embed(WordLlamaEmbedder())
minilm = embed(MiniLMEmbedder(max_length=128))

# %%
# Three figures decide
# --------------------
# The *old self-test* is what users have today. The *new self-test* is what they get
# after the whole gallery has been embedded again. The *cross-test* is what they get
# from new queries on the gallery as it is.
#
# Recall at 1 is the share of titles whose first hit is their own body.
from sklearn_graceful.metrics import retrieval_outcomes


def hits(queries, gallery):
    """1 for each query that finds its own row first, else 0."""
    own = np.arange(len(gallery))
    found = retrieval_outcomes(queries, gallery, query_labels=own, gallery_labels=own)
    return found.values("recall@1")


old_self = hits(wordllama["titles"][verdict], wordllama["bodies"][verdict])
new_self = hits(minilm["titles"][verdict], minilm["bodies"][verdict])
cut_off = minilm["titles"][verdict][:, : wordllama["bodies"].shape[1]]
cross = hits(cut_off, wordllama["bodies"][verdict])
print(f"old self-test                       {old_self.mean():.3f}")
print(f"new self-test                       {new_self.mean():.3f}")
print(f"cross-test, coordinates cut off     {cross.mean():.3f}")

# %%
# As expected, the spaces of two embedders that were trained apart have nothing in
# common.
#
# Ways to the old gallery
# -----------------------
# An :class:`~sklearn_graceful.embedding.EmbeddingAdapter` learns to lead from one space
# to the other from texts that both have embedded. It needs no labels. There are three
# ways to use one:
#
# * map each new query into the old space,
# * move all old vectors into the new space, for which the texts are not needed,
# * fuse the old vector of a query with the mapped new one. Then both embedders must run
#   for every query. The share of the new one is chosen on rows that the adapter was not
#   fitted on; a share of 0 says that the new one is no help there.
from sklearn_graceful.embedding import EmbeddingAdapter


def fit_adapters(old, new):
    """Adapters from the new to the old space, and the share of each one's fusion."""
    pairs = [
        np.vstack([v["titles"][fitting], v["bodies"][fitting]]) for v in (new, old)
    ]
    adapters = {}
    for kind in ("procrustes", "ridge"):
        adapter = EmbeddingAdapter(kind, alpha="auto", random_state=0).fit(*pairs)
        choice = adapter.choose_share(
            new["titles"][choosing],
            old["titles"][choosing],
            choosing,
            gallery=old["bodies"][choosing],
            gallery_labels=choosing,
        )
        adapters[kind] = adapter, choice.share
    return adapters


def cross_tests(old, new, rows, adapters):
    """Hits of all ways that embed no text of the gallery again."""
    queries, old_queries = new["titles"][rows], old["titles"][rows]
    gallery = old["bodies"][rows]
    found = {}
    for kind, (adapter, share) in adapters.items():
        fused = adapter.fuse(queries, old_queries, share=share)
        moved = adapter.inverse_transform(gallery)
        found[f"queries mapped, {kind}"] = hits(adapter.transform(queries), gallery)
        found[f"gallery moved, {kind}"] = hits(queries, moved)
        found[f"queries fused, {kind}"] = hits(fused, gallery)
    return found


adapters = fit_adapters(wordllama, minilm)
for way, found in cross_tests(wordllama, minilm, verdict, adapters).items():
    print(f"{way:28}{found.mean():.3f}")
for kind, (_, share) in adapters.items():
    print(f"share of the new vector, {kind:12}{share:.2f}")

# %%
# The verdict
# -----------
# The best of several ways looks better than it is on the rows where it is the best. So
# one way to map queries and one to move the gallery are chosen on the second part of
# the documents, and judged on the last.
# :func:`~sklearn_graceful.report.advise_embedder_update` then compares query by query
# and asks the intervals of all differences.
#
# A fusion is no replacement: the old embedder stays for good, and two that make
# different mistakes may be better together even if the new one is worse. So only the
# ways that do without the old embedder are asked about. Whether a fusion is worth two
# embedders is another question, to be asked with its own hits as the cross-test.
from sklearn_graceful.metrics import paired_bootstrap
from sklearn_graceful.report import advise_embedder_update


def judge(old, new):
    """Interval of the change by each way, the chosen ways, and the advice."""
    adapters = fit_adapters(old, new)
    tried = cross_tests(old, new, choosing, adapters)
    chosen = [
        max(
            (way for way in tried if way.startswith(how)), key=lambda w: tried[w].mean()
        )
        for how in ("queries mapped", "gallery moved")
    ]
    old_self, new_self = (
        hits(vectors["titles"][verdict], vectors["bodies"][verdict])
        for vectors in (old, new)
    )
    found = cross_tests(old, new, verdict, adapters)
    mapped, moved = (found[way] for way in chosen)
    advice = advise_embedder_update(
        old_self, mapped, new_self, moved=moved, random_state=0
    )
    found["gallery embedded again"] = new_self
    changes = {
        way: paired_bootstrap(old_self, values, random_state=0)
        for way, values in found.items()
    }
    return changes, chosen, advice


update = judge(old=wordllama, new=minilm)
print("chosen:", *update[1], sep="\n  ")
print(update[2])

# %%
# An update that makes things worse
# ---------------------------------
# Not everything that is newer is better. Suppose that the search engine ran on MiniLM,
# and somebody wants WordLlama, because it is many times faster.
downgrade = judge(old=minilm, new=wordllama)
print("chosen:", *downgrade[1], sep="\n  ")
print(downgrade[2])

# %%
# Both updates, drawn
# -------------------
# Right of the line is better than today, with 95 % intervals. All ways but the last
# leave the gallery's texts alone.
import matplotlib.pyplot as plt

fig, axes = plt.subplots(
    1, 2, figsize=(9, 3.8), sharex=True, sharey=True, layout="constrained"
)
for ax, name, (changes, chosen, advice) in zip(
    axes,
    ["WordLlama to MiniLM", "MiniLM to WordLlama"],
    [update, downgrade],
    strict=True,
):
    for place, (way, (change, low, high)) in enumerate(changes.items()):
        judged = way in (*chosen, "gallery embedded again")
        colour = "#a63603" if judged else "#7f7f7f"
        ax.plot([100 * low, 100 * high], [place, place], color=colour)
        inside = colour if judged else "white"
        ax.plot(100 * change, place, "o", color=colour, markerfacecolor=inside)
    ax.axvline(0, color="black", linewidth=0.8)
    ax.set(
        yticks=range(len(changes)),
        yticklabels=list(changes),
        title=f"{name}: {advice.verdict}",
        xlabel=f"change of recall at 1 (points)\ntoday {100 * advice.old_self:.1f} %",
    )
    ax.tick_params(left=False)
axes[0].invert_yaxis()
fig.suptitle("Filled: what the verdict rests on", fontsize="medium")

# %%
# When not to use this
# --------------------
# * Embedding the gallery again is cheap and all texts are still there: only the two
#   self-tests matter then. An adapter between embedders that were trained apart is a
#   makeshift.
# * The new embedder is yet to be trained: then train it to fit the old gallery.
# * No queries with known answers are at hand. Cosines between mapped and true vectors
#   say how well an adapter fits, not what users will find.
# * The documents or the queries will change: the verdict is about queries like those
#   that were measured.
