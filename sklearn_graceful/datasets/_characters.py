"""Characters in many fonts: images of thousands of classes, drawn from fonts."""

from dataclasses import dataclass

import numpy as np

from sklearn_graceful._arguments import check_choice
from sklearn_graceful.datasets._fonts import (
    LARGEST_SIZE,
    distinct_faces,
    find_faces,
    how_to_install,
)
from sklearn_graceful.datasets._scripts import SCRIPTS

_N_PROBES = 60
# The more faces lack a character, the fewer views its class has.
_LEAST_SHARE = 0.8


@dataclass(frozen=True, eq=False)
class CharacterImages:
    """Images of characters, each with its character and its font.

    Attributes
    ----------
    images : ndarray of uint8, shape (n, size, size)
        Grey pixels, a white character on black (0).
    characters : ndarray of str, shape (n,)
        The classes.
    fonts : ndarray of str, shape (n,)
        The views: names of the font files without their endings; faces of a collection
        after its first end in ``:1``, ``:2`` and so on.
    """

    images: np.ndarray
    characters: np.ndarray
    fonts: np.ndarray

    def subset(self, characters=None, fonts=None):
        """Keep the images of some characters, of some fonts, or both.

        Parameters
        ----------
        characters, fonts : array-like of str, default=None
            Those to keep, in any order; the images stay in theirs. None: all.

        Returns
        -------
        CharacterImages
            Copies of the images that are kept.

        Raises
        ------
        ValueError
            If no image has one of the characters or fonts.
        """
        rows = np.ones(len(self.images), dtype=bool)
        for own, chosen in ((self.characters, characters), (self.fonts, fonts)):
            if chosen is not None:
                chosen = list(chosen)
                unknown = sorted(set(chosen) - set(own))
                if unknown:
                    raise ValueError(f"No image has {', '.join(unknown)}.")
                rows &= np.isin(own, chosen)
        return CharacterImages(
            self.images[rows], self.characters[rows], self.fonts[rows]
        )


def render_characters(
    n_characters=None,
    *,
    script="kanji",
    characters=None,
    size=32,
    max_correlation=0.75,
    path=None,
):
    """Draw characters in many fonts: a class is a character, its views are the fonts.

    A set for the search of classes that nobody was trained on, such as new people or
    products: it has thousands of classes, and may be split by class and by view. Train
    on some characters, search among others; see the example. Pillow draws; the fonts
    are those of Debian packages, all of them free. The 32 packages with kanji that the
    error names when there are none, 300 MB to download and 900 MB unpacked, give
    101,373 images: 2,583 kanji in up to 40 fonts, drawn in half a minute. The 10 with
    hangul, 71 MB to download, give 93,999 images: 2,350 hangul in up to 40 fonts.

    Each character is scaled to the square and centred. Of fonts that look alike one is
    kept: the first by file name. Images of characters that a font lacks are left out,
    and so are characters that over a fifth of the fonts lack, and fonts that lack half
    of the first 60 characters.

    Parameters
    ----------
    n_characters : int, default=None
        How many characters, the first that enough fonts have. None: all such.
    script : {"kanji", "hangul"}, default="kanji"
        The characters to choose from: the 2,965 kanji of level 1 of JIS X 0208, or the
        2,350 hangul of KS X 1001, the usual ones. They are in an order that spreads any
        first n of them over the standard's list, where those that share a part are
        neighbours.
    characters : str or iterable of str, default=None
        Characters to choose from instead, in this order.
    size : int, default=32
        Height and width of the images in pixels, from 8 to 128.
    max_correlation : float, default=0.75
        A font is left out if its mean correlation with a font that is kept, of the
        32 x 32 pixels of the first 60 characters to choose from, is this high. With 1
        only copies are left out.
    path : path-like, default=None
        Folder of fonts, searched with all folders in it; it may be the one that the
        packages were unpacked into. None: ``$SKLEARN_GRACEFUL_DATA`` if set and fonts
        are in it, otherwise where Debian installs them.

    Returns
    -------
    CharacterImages
        Images in the order of the characters, and for each in that of the file names.

    Raises
    ------
    FileNotFoundError
        If there are no fonts, or fewer than two different ones that have the
        characters; says what to install.
    ImportError
        If Pillow is missing; says what to install.
    ValueError
        If an argument is out of range, or fewer than `n_characters` are in enough
        fonts.

    Notes
    -----
    The images depend on the fonts found and, at the edges of strokes, on the version of
    Pillow, whose wheels bring a FreeType of their own.

    Examples
    --------
    Train on 400 characters in 30 fonts, and search among 300 other characters in 20
    fonts, half of them new:

    >>> import numpy as np
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn_graceful.datasets import render_characters
    >>> data = render_characters(700)  # doctest: +SKIP
    >>> known, unseen = train_test_split(  # doctest: +SKIP
    ...     np.unique(data.characters), train_size=400, random_state=0
    ... )
    >>> fonts = np.random.default_rng(0).permutation(  # doctest: +SKIP
    ...     np.unique(data.fonts)
    ... )
    >>> train = data.subset(known, fonts[:30])  # doctest: +SKIP
    >>> test = data.subset(unseen, fonts[20:40])  # doctest: +SKIP
    """
    check_choice("script", script, SCRIPTS)
    usual = SCRIPTS[script].usual
    choice = usual() if characters is None else list(dict.fromkeys(characters))
    _check_arguments(n_characters, choice, size, max_correlation)
    faces = distinct_faces(find_faces(path), choice[:_N_PROBES], max_correlation)
    if len(faces) < 2:
        raise FileNotFoundError(
            f"{len(faces)} of the fonts found have most of the characters "
            f"{''.join(choice[:5])}..., and a class needs two views. {how_to_install()}"
        )
    images, labels, fonts, n_found = [], [], [], 0
    for character in choice:
        drawn = [(face.name, face.draw(character, size)) for face in faces]
        drawn = [(name, image) for name, image in drawn if image is not None]
        if len(drawn) / len(faces) < _LEAST_SHARE:
            continue
        images += [image for _, image in drawn]
        fonts += [name for name, _ in drawn]
        labels += [character] * len(drawn)
        n_found += 1
        if n_found == n_characters:
            break
    if n_found < (n_characters or 1):
        raise ValueError(
            f"{n_found} of the {len(choice)} characters are in {_LEAST_SHARE:.0%} of "
            f"the {len(faces)} fonts, fewer than the {n_characters or 1} asked for."
        )
    return CharacterImages(np.stack(images), np.array(labels), np.array(fonts))


def _check_arguments(n_characters, choice, size, max_correlation):
    if not choice or any(not isinstance(c, str) or len(c) != 1 for c in choice):
        raise ValueError(f"characters must be single characters, got {choice!r}.")
    if n_characters is not None and not 1 <= n_characters <= len(choice):
        raise ValueError(
            f"n_characters must be from 1 to {len(choice)}, got {n_characters}."
        )
    if not 8 <= size <= LARGEST_SIZE:
        raise ValueError(f"size must be from 8 to {LARGEST_SIZE}, got {size}.")
    if not 0 < max_correlation <= 1:
        raise ValueError(
            f"max_correlation must be above 0 and at most 1, got {max_correlation}."
        )
