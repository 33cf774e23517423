"""Find the data files of a Debian package, installed or merely unpacked."""

import os
from pathlib import Path

_VARIABLE = "SKLEARN_GRACEFUL_DATA"


def find_file(name, *, package, folders, path=None):
    """Find one file of a package in `path`, in $SKLEARN_GRACEFUL_DATA or installed."""
    installed = [Path(folder) for folder in folders]
    candidates = _inside(path or os.environ.get(_VARIABLE), folders)
    if path is None:
        candidates += installed
    for folder in candidates:
        if (folder / name).is_file():
            return folder / name
    looked = ", ".join(map(str, candidates))
    raise FileNotFoundError(
        f"No file {name} in {looked}. Install it with `apt-get install {package}`, or "
        f"unpack it anywhere with `apt-get download {package}` and `dpkg-deb -x "
        f"{package}_*.deb FOLDER`, which installs nothing, and pass path='FOLDER' or "
        f"set {_VARIABLE}=FOLDER."
    )


def _inside(path, folders):
    """Folders of an unpacked package, the given one first."""
    if not path:
        return []
    root = Path(path)
    return [root, *(root / folder.lstrip("/") for folder in folders)]
