"""Find the files of an installed Python package without running its code."""

from importlib.util import find_spec
from pathlib import Path


def package_folder(module, *, user, install):
    """Folder of an installed package, of which `user` is what needs it."""
    # Not imported: some packages print, read all their files or import others.
    spec = find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise ImportError(f"{user} reads files of {module}: pip install {install}.")
    return Path(spec.submodule_search_locations[0])
