"""Find the files of an installed Python package without running its code."""

from importlib.util import find_spec
from pathlib import Path


def package_folder(module, *, user, install):
    """Folder of an installed package.

    The package is not imported: some print, read all their files or import others.

    Parameters
    ----------
    module : str
        Name that one would import.
    user : str
        Public name of ours that needs it, for the message.
    install : str
        What follows ``pip install``, for the message.

    Returns
    -------
    folder : Path

    Raises
    ------
    ImportError
        If the package is missing; says what to install.
    """
    spec = find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise ImportError(f"{user} reads files of {module}: pip install {install}.")
    return Path(spec.submodule_search_locations[0])
