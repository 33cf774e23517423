"""Torch modules: in eval mode, without gradients, in batches, on their own device."""

import re
import sys
from contextlib import contextmanager, suppress

import numpy as np

from sklearn_graceful._containers import as_array
from sklearn_graceful._kinds import is_a
from sklearn_graceful.reference._adapters._raw_scores import RawScoresAdapter
from sklearn_graceful.reference._fitted_state import tensors_of


class TorchAdapter(RawScoresAdapter):
    """A ``torch.nn.Module`` whose (first) output has one row per sample."""

    batch_size = 2048

    def answer(self, question, X):
        torch = sys.modules["torch"]
        # Flags are put back by whoever asks, see `untouched`.
        self.model.eval()
        inputs = as_tensor(X, self.model)
        device = next((t.device for t in tensors_of(self.model)), "cpu")
        with torch.no_grad(), naming_shapes(self.model, inputs):
            outputs = [
                first_output(self.model(batch.to(device))).cpu()
                for batch in inputs.split(self.batch_size)
            ]
        outputs = torch.cat(outputs)
        # NumPy knows neither bfloat16 nor a gain from half precision.
        return (outputs if outputs.dtype == torch.float64 else outputs.float()).numpy()


@contextmanager
def naming_shapes(module, rows):
    """Say of which rows torch complains, where it is about their shape.

    Parameters
    ----------
    module : torch.nn.Module
    rows : Tensor of shape (n, ...)

    Raises
    ------
    ValueError
        In place of such a RuntimeError.

    Examples
    --------
    >>> import torch
    >>> from sklearn_graceful.reference import naming_shapes
    >>> net, rows = torch.nn.Linear(4, 3), torch.ones(5, 2)
    >>> with naming_shapes(net, rows):
    ...     net(rows)
    Traceback (most recent call last):
        ...
    ValueError: The network Linear cannot take rows of shape (2,): ...
    """
    try:
        yield
    except RuntimeError as error:
        # Memory that ran out is a kind of its own, and speaks of sizes too.
        is_plain = type(error) is RuntimeError
        if not (is_plain and re.search("shape|size|dimension|channel", str(error))):
            raise
        raise ValueError(
            f"The network {type(module).__name__} cannot take rows of shape "
            f"{tuple(rows.shape[1:])}: {error}"
        ) from error


def as_tensor(X, module):
    """`X` as a tensor of the module's floating dtype, unless it holds table indices."""
    torch = sys.modules["torch"]
    if not is_a(X, "torch.Tensor"):
        X = as_array(X)
        with suppress(TypeError, ValueError):
            X = X.astype(np.float64) if X.dtype == object else X
        if X.dtype.kind not in "biufc":
            # Models of texts are often modules with a method that takes them.
            encodes = hasattr(module, "encode")
            way = "model.encode" if encodes else "a function that makes numbers of them"
            raise TypeError(
                f"The old model {type(module).__name__} is a torch module, which takes "
                f"numbers, but rows hold {X.dtype}: pass {way}."
            )
        # torch takes no array that is stored backwards.
        X = torch.tensor(np.ascontiguousarray(X))
    if not X.is_floating_point() and looks_up_numbers(module):
        return X
    return X.to(floating_dtype(module))


def looks_up_numbers(module):
    """Whether a module has an embedding table, whose input are integers.

    Parameters
    ----------
    module : torch.nn.Module

    Returns
    -------
    looks_up_numbers : bool
        Whether ``nn.Embedding`` or ``nn.EmbeddingBag`` is among its submodules.

    Examples
    --------
    >>> from torch import nn
    >>> from sklearn_graceful.reference import looks_up_numbers
    >>> looks_up_numbers(nn.Sequential(nn.Embedding(9, 2), nn.Flatten()))
    True
    """
    torch = sys.modules["torch"]
    tables = (torch.nn.Embedding, torch.nn.EmbeddingBag)
    return any(isinstance(submodule, tables) for submodule in module.modules())


def floating_dtype(module):
    """Floating dtype that a module computes in.

    Parameters
    ----------
    module : torch.nn.Module

    Returns
    -------
    dtype : torch.dtype
        That of its first floating parameter or buffer; float32 without any.

    Examples
    --------
    >>> from torch import nn
    >>> from sklearn_graceful.reference import floating_dtype
    >>> floating_dtype(nn.Linear(2, 3).double())
    torch.float64
    """
    torch = sys.modules["torch"]
    dtypes = (t.dtype for t in tensors_of(module) if t.is_floating_point())
    return next(dtypes, torch.float32)


def first_output(outputs):
    """What a module yields, or the first of several outputs."""
    return outputs[0] if isinstance(outputs, list | tuple) else outputs
