"""Public names that are imported when they are first asked for."""

from importlib import import_module


def lazy_names(package, homes, names):
    """Make a package's ``__getattr__`` and ``__dir__``.

    Parameters
    ----------
    package : str
        Its ``__name__``.
    homes : dict of str to str
        Module, inside the package, that each name comes from.
    names : list of str
        Its ``__all__``.

    Returns
    -------
    functions : tuple of two callables
    """

    def get(name):
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{homes[name]}"), name)

    return get, lambda: names
