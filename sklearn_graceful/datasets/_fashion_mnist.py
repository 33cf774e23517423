"""Fashion-MNIST from Debian's package."""

import gzip

import numpy as np

from sklearn_graceful.datasets._packages import check_data, find_file

_PACKAGE = {
    "package": "dataset-fashion-mnist",
    "folders": ["/usr/share/datasets/fashion-mnist"],
}
_FILES = {"train": ("train", 60_000), "test": ("t10k", 10_000)}
_UNSIGNED_BYTES = 0x08


def load_fashion_mnist(subset="train", *, path=None):
    """Load Fashion-MNIST: grey images of clothes, 28 x 28 pixels, 10 classes.

    The files are those of Debian's package ``dataset-fashion-mnist``, MIT licence.

    Parameters
    ----------
    subset : {"train", "test"}, default="train"
        The 60,000 training or the 10,000 test images.
    path : path-like, default=None
        Folder of the ``.gz`` files, or the one that the package was unpacked into.
        None: ``$SKLEARN_GRACEFUL_DATA`` if set, then where Debian installs them.

    Returns
    -------
    X : ndarray of uint8, shape (60000, 784) or (10000, 784)
        Pixels from 0 to 255, row by row of the image.
    y : ndarray of int64, shape (60000,) or (10000,)
        0 T-shirt, 1 trousers, 2 pullover, 3 dress, 4 coat, 5 sandal, 6 shirt,
        7 sneaker, 8 bag, 9 ankle boot; equally many of each.

    Raises
    ------
    FileNotFoundError
        If the files are missing; says what to install.
    ValueError
        If `subset` is unknown or a file holds other data.

    References
    ----------
    Xiao et al., "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine
    Learning Algorithms", 2017.

    Examples
    --------
    >>> from sklearn_graceful.datasets import load_fashion_mnist
    >>> X, y = load_fashion_mnist("test")  # doctest: +SKIP
    >>> X.shape  # doctest: +SKIP
    (10000, 784)
    """
    if subset not in _FILES:
        raise ValueError(f"subset must be 'train' or 'test', got {subset!r}.")
    prefix, n_rows = _FILES[subset]
    images, labels = (
        _read_idx(find_file(f"{prefix}-{kind}-ubyte.gz", path=path, **_PACKAGE))
        for kind in ("images-idx3", "labels-idx1")
    )
    X, y = images.reshape(len(images), -1), labels.astype(np.int64)
    check_data("Fashion-MNIST", X, y, [n_rows // 10] * 10, 784)
    return X, y


def _read_idx(file):
    """Array of unsigned bytes in a gzipped idx file."""
    # Two zero bytes, the type, the number of dimensions, each dimension as a big-endian
    # 32-bit integer, the values.
    with gzip.open(file) as stream:
        content = stream.read()
    if content[:3] != bytes([0, 0, _UNSIGNED_BYTES]):
        raise ValueError(f"{file} is no idx file of unsigned bytes.")
    n_dims = content[3]
    shape = np.frombuffer(content, ">u4", count=n_dims, offset=4)
    values = np.frombuffer(content, np.uint8, offset=4 + 4 * n_dims)
    if values.size != shape.prod(dtype=np.int64):
        raise ValueError(
            f"{file} has {values.size} values, its header says {shape.tolist()}."
        )
    return values.reshape(shape).copy()
