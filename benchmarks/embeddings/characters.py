"""Rows of characters in fonts: those that are searched no embedder has learned."""

from functools import cache

import numpy as np

from benchmarks.embeddings.data import Releases
from benchmarks.gallery import as_rows
from sklearn_graceful.datasets import render_characters

SCRIPTS = ("kanji", "hangul")
# Characters, fonts and width of each release.
RELEASES = ((100, 15, 32), (200, 20, 40), (300, 25, 48), (400, 30, 64))
N_SEARCHED = 400, 20  # characters and fonts
# Of each script, left for choosing defaults.
_N_DEVELOPMENT = 1000

render = cache(lambda script: render_characters(script=script))


def is_there(script):
    """Whether its fonts are; else what is missing is printed."""
    try:
        render_characters(8, script=script)
    except FileNotFoundError as error:
        print(f"skipped {script}: {error}")
        return False
    return True


def draw_releases(script, seed, *, development=False):
    """Draw characters and fonts of four releases, each of which has more of both.

    None of the characters that defaults were chosen on; `development`: just these.
    """
    data, rng = render(script), np.random.default_rng(seed)
    order = np.random.default_rng(12345).permutation(np.unique(data.characters))
    kept = order[:_N_DEVELOPMENT] if development else order[_N_DEVELOPMENT:]
    characters, fonts = rng.permutation(kept), rng.permutation(np.unique(data.fonts))

    def rows_of(characters, fonts):
        chosen = np.isin(data.characters, characters) & np.isin(data.fonts, fonts)
        return as_rows(data.images[chosen]), data.characters[chosen]

    parts = [rows_of(characters[:n], fonts[:m]) for n, m, _ in RELEASES]
    n_known = RELEASES[-1][0]
    n_searched, n_fonts = N_SEARCHED
    searched = characters[n_known : n_known + n_searched]
    dims = tuple(dim for *_, dim in RELEASES)
    return Releases(parts, dims, *rows_of(searched, rng.permutation(fonts)[:n_fonts]))
