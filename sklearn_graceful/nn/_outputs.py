"""What a module's output means."""

import numpy as np
import torch

_FEW_CLASSES = 15


def output_kind(output):
    """Recognise what the rows of a classifier module's output are.

    Parameters
    ----------
    output : ndarray of shape (n,), (n, 1) or (n, n_classes)
        One batch.

    Returns
    -------
    kind : {"logits", "log_probabilities", "probabilities", "margin"}
        ``"margin"`` is the single logit of the second of two classes.
    """
    if output.ndim == 1 or output.shape[1] == 1:
        return "margin"
    if (output >= 0).all() and np.allclose(output.sum(axis=1), 1, atol=1e-3):
        return "probabilities"
    if (output <= 0).all() and np.allclose(np.exp(output).sum(axis=1), 1, atol=1e-3):
        return "log_probabilities"
    return "logits"


def check_output_width(output, n_classes):
    """Refuse a batch of a classifier module's output without a column for each class.

    Of two classes, the logit of the second will do.

    Raises
    ------
    ValueError
        If it has more columns, or fewer.
    """
    n_columns = 1 if output.ndim == 1 else output.shape[1]
    is_margin = n_columns == 1 and n_classes == 2
    if output.ndim > 2 or not (n_columns == n_classes or is_margin):
        raise ValueError(
            f"The module yields {n_columns} columns, y has {n_classes} classes: a "
            f"network's output has shape (n, {n_classes}), not {tuple(output.shape)}."
        )


def to_logits(output, kind):
    """Turn a module's output into logits, one per class.

    Parameters
    ----------
    output : tensor of shape (n,), (n, 1) or (n, n_classes)
        One batch.
    kind : str
        From :func:`output_kind`.

    Returns
    -------
    logits : tensor of shape (n, n_classes)
        Centred over the classes where the module normalises its output.
    """
    if kind == "probabilities":
        output = output.clamp_min(torch.finfo(output.dtype).tiny).log()
    if kind in ("probabilities", "log_probabilities"):
        return output - output.mean(dim=1, keepdim=True)
    if kind == "margin":
        margin = output.reshape(len(output), 1)
        return torch.cat([torch.zeros_like(margin), margin], dim=1)
    return output


class Probabilities:
    """skorch ``predict_nonlinearity`` from a module's output to probabilities.

    Parameters
    ----------
    kind : str
        From :func:`output_kind`.
    """

    def __init__(self, kind):
        self.kind = kind

    def __call__(self, output):
        if self.kind == "probabilities":
            return output
        return _softmax(to_logits(output, self.kind))


def _softmax(logits):
    """Softmax over classes, several times faster than torch's for few on a CPU.

    torch works on vectors of rows if the softmax runs over the first axis. It then
    computes the last rows in another way than the others; double precision keeps a
    row's result the same wherever the row stands.
    """
    if logits.shape[1] > _FEW_CLASSES or logits.device.type != "cpu":
        return torch.softmax(logits, dim=1)
    return torch.softmax(logits.T.double(), dim=0).T.to(logits.dtype)
