"""One of several names."""


def check_choice(kind, value, options, of=""):
    """Refuse what is none of several names.

    Parameters
    ----------
    kind : str
        What is chosen, for the error message.
    value : object
    options : iterable of str
    of : str, default=""
        What the choice is for.

    Raises
    ------
    ValueError
        If the value is none of the options.

    Examples
    --------
    >>> from sklearn_graceful.search import check_choice
    >>> check_choice("metric", "cosine", ["cosine", "euclidean"])
    """
    # An array would be compared item by item.
    if not (isinstance(value, str) and value in options):
        said = f"Unknown {kind} {value!r:.60}{of and f' for {of}'}"
        raise ValueError(f"{said}, choose one of {[*options]}.")
