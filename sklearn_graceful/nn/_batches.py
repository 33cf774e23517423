"""Batches taken straight from tensors, without a Python call per row."""

import inspect
from copy import copy
from itertools import pairwise

import numpy as np
import torch
from scipy import sparse
from sklearn.utils import check_array
from skorch.dataset import Dataset as ArraysDataset
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset, default_collate

from sklearn_graceful._frames import is_frame
from sklearn_graceful.nn._device import fits_on_device
from sklearn_graceful.reference import looks_up_numbers


class InMemoryBatches:
    """Iterate over a dataset in memory, one indexing operation per batch.

    A drop-in for ``iterator_train`` and ``iterator_valid`` of a skorch net, whose
    default fetches and collates one row at a time. On a CUDA device the data is
    moved there once if it takes at most half of the free memory, else batch by
    batch from pinned memory. A single row that is left over, which batch
    normalisation could not be trained on, joins the batch before it.

    Parameters
    ----------
    dataset : ArraysDataset or torch.utils.data.Subset of one
        Its ``X`` is an array or tensor with rows first, or a dict, list or tuple
        of these; its ``y`` is an array, a tensor or None. A dataset of another kind is
        asked for each of its rows once.
    batch_size : int, default=128
        Rows per batch.
    shuffle : bool, default=False
        Draw a new order of the rows for every pass.
    drop_last : bool, default=False
        Leave out a last batch that is not full.
    device : str or torch.device, default="cpu"
        Where the batches are needed.
    float_rows : bool, default=False
        Yield an `X` of integers or truth values, such as images, as floating-point
        numbers. It is kept as it is and turned batch by batch.

    Attributes
    ----------
    rows : tensor of int64 or slice
        Row numbers, in the original data, of the batch that was yielded last.

    Examples
    --------
    >>> import numpy as np
    >>> from skorch.dataset import Dataset
    >>> from sklearn_graceful.nn import InMemoryBatches
    >>> data = Dataset(np.zeros((5, 3), dtype="float32"), np.arange(5))
    >>> [len(y) for _, y in InMemoryBatches(data, batch_size=3)]
    [3, 2]
    """

    def __init__(
        self,
        dataset,
        batch_size=128,
        shuffle=False,
        drop_last=False,
        device="cpu",
        float_rows=False,
    ):
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.device = torch.device(device)
        self.float_rows = float_rows
        whole, self._row_numbers = root_and_rows(dataset)
        X, y = _whole_arrays(whole)
        self._X = _map(_tensor, X)
        self._y = None if y is None else _tensor(y)
        self._place()

    def _place(self):
        tensors = _leaves(self._X) + ([] if self._y is None else [self._y])
        self._resident = fits_on_device(tensors, self.device)
        home = self.device if self._resident else torch.device("cpu")
        self._X = _map(lambda t: t.to(home), self._X)
        self._y = None if self._y is None else self._y.to(home)
        if self._row_numbers is not None:
            self._row_numbers = self._row_numbers.to(home)

    def __len__(self):
        return len(self._stops())

    def __iter__(self):
        in_place = not self.shuffle and self._row_numbers is None
        order = None if in_place else self.draw_order()
        for start, stop in self.bounds():
            # Without an order a batch is a view: nothing is copied.
            self.rows = slice(start, stop) if in_place else order[start:stop]
            yield self.take(self.rows)

    def bounds(self):
        """Positions in the order of rows at which each batch starts and stops."""
        return pairwise([0, *self._stops()])

    def _stops(self):
        n_rows = len(self.dataset)
        stops = list(range(self.batch_size, n_rows + 1, self.batch_size))
        left = n_rows - (stops[-1] if stops else 0)
        if left and not self.drop_last:
            if left == 1 and stops:
                stops.pop()
            stops.append(n_rows)
        return stops

    @property
    def home(self):
        """Device that the data is on, from which batches are taken."""
        return _leaves(self._X)[0].device

    def draw_order(self):
        """Row numbers in the order of one pass; drawn anew with `shuffle`."""
        n_rows, device = len(self.dataset), self.home
        if not self.shuffle:
            whole = torch.arange(n_rows, device=device)
            return whole if self._row_numbers is None else self._row_numbers
        permutation = torch.randperm(n_rows, device=device)
        if self._row_numbers is None:
            return permutation
        return self._row_numbers[permutation]

    def of_rows(self, rows):
        """The same over some of the dataset's rows, by position."""
        some = copy(self)
        some.dataset = Subset(self.dataset, rows)
        _, numbers = root_and_rows(some.dataset)
        some._row_numbers = numbers.to(self.home)
        return some

    def take(self, rows):
        """Features and labels of the batch with these row numbers."""
        X = _map(lambda part: self._take(part, rows), self._X)
        if self.float_rows and torch.is_tensor(X) and not X.is_floating_point():
            X = X.to(torch.get_default_dtype())
        # As skorch's own dataset does, a missing y is a dummy.
        y = torch.zeros(1) if self._y is None else self._take(self._y, rows)
        return X, y

    def _take(self, tensor, rows):
        if isinstance(rows, slice):
            batch = tensor[rows]
        else:
            batch = tensor.index_select(0, rows)
        if self._resident:
            return batch
        return batch.pin_memory().to(self.device, non_blocking=True)


class PackedBatches:
    """Batches for several nets at once, each with an order of rows of its own.

    ``rows`` are the row numbers of the last batch, first those of the first net.

    Parameters
    ----------
    members : list of InMemoryBatches
        One for each net, of equally many rows of one dataset.
    """

    def __init__(self, members):
        self._members = members

    def __len__(self):
        return len(self._members[0])

    def __iter__(self):
        first = self._members[0]
        orders = torch.stack([member.draw_order() for member in self._members])
        for start, stop in first.bounds():
            self.rows = orders[:, start:stop].flatten()
            yield first.take(self.rows)


def numbered_batches(net, dataset, *, training):
    """A net's iterator that tells the ``rows`` of each batch; None of no dataset."""
    if dataset is None:
        return None
    kind = net.iterator_train if training else net.iterator_valid
    if kind is InMemoryBatches:
        return net.get_iterator(dataset, training=training)
    loader = net.get_iterator(NumberedDataset(dataset), training=training)
    return NumberedLoader(loader, full=training and _has_batch_norm(net))


class NumberedLoader:
    """A user's DataLoader over a NumberedDataset, with the ``rows`` of each batch.

    With `full`, a single row that is left over is left out.
    """

    def __init__(self, loader, full=False):
        loader.collate_fn = _CollateNumbered(loader.collate_fn)
        self._loader = loader
        self._least = 2 if full and (loader.batch_size or 1) > 1 else 1

    def __len__(self):
        return len(self._loader)

    def __iter__(self):
        for batch, rows in self._loader:
            if len(rows) >= self._least:
                self.rows = rows
                yield batch


class NumberedDataset(Dataset):
    """Pairs every item of a dataset with its row number in the original data."""

    def __init__(self, dataset):
        self._dataset = dataset
        _, rows = root_and_rows(dataset)
        self._rows = range(len(dataset)) if rows is None else rows.tolist()

    def __len__(self):
        return len(self._dataset)

    def __getitem__(self, item):
        if item >= len(self):
            raise ValueError(
                f"The sampler of iterator_train draws row {item}, but there are "
                f"{len(self)} rows: it was made for others. Weigh rows by "
                "sample_weight= instead."
            )
        return self._dataset[item], self._rows[item]


class _CollateNumbered:
    def __init__(self, collate):
        self._collate = collate

    def __call__(self, items):
        rows = torch.tensor([row for _, row in items])
        return self._collate([item for item, _ in items]), rows


class TableDataset(ArraysDataset):
    """skorch's dataset, for which a table is one array and not an input a column.

    A transformer may yield a table at any time: ``set_output`` and scikit-learn's
    configuration say so.
    """

    def __init__(self, X, y=None, length=None):
        is_of_objects = isinstance(X, np.ndarray) and X.dtype.kind == "O"
        if is_frame(X) or is_of_objects or sparse.issparse(X):
            # Refuses what is sparse or holds anything but numbers; torch wants to be
            # able to write.
            X = check_array(X, allow_nd=True, copy=True, input_name="X")
        super().__init__(X, y, length)


def take_tables(net):
    """Let a net take tables of numbers, unless the user chose a dataset."""
    if net.dataset is ArraysDataset:
        net.set_params(dataset=TableDataset)
    return net


def use_in_memory_batches(net, *, predict_batch_size=2048):
    """Set our dataset and iterators, which shuffle, unless the user chose others.

    They would pass by what a dataset of the user's own makes of its rows: with one, the
    net keeps torch's.
    """
    take_tables(net)
    ours = {"batch_size", "shuffle", "drop_last"}
    in_memory = has_plain_dataset(net)
    train, valid = (net.get_params_for(f"iterator_{p}") for p in ("train", "valid"))
    params = {}
    if net.iterator_train is DataLoader and set(train) <= ours:
        params["iterator_train__shuffle"] = train.get("shuffle", True)
        if in_memory:
            params["iterator_train"] = InMemoryBatches
            params["iterator_train__device"] = net.device
    if in_memory and net.iterator_valid is DataLoader and set(valid) <= ours:
        params["iterator_valid"] = InMemoryBatches
        params["iterator_valid__batch_size"] = valid.get(
            "batch_size", predict_batch_size
        )
        params["iterator_valid__device"] = net.device
    return net.set_params(**params)


def take_integers_as_floats(net):
    """Let a net with a module take rows of integers, unless it looks numbers up."""
    for name in ("iterator_train", "iterator_valid"):
        if getattr(net, name) is InMemoryBatches:
            # skorch's set_params would look for a component to initialise anew.
            setattr(net, f"{name}__float_rows", not looks_up_numbers(net.module_))


def root_and_rows(dataset):
    """Innermost dataset behind nested Subsets, and its rows that are meant."""
    if not isinstance(dataset, Subset):
        return dataset, None
    whole, rows = root_and_rows(dataset.dataset)
    indices = torch.as_tensor(dataset.indices, dtype=torch.int64)
    return whole, indices if rows is None else rows[indices]


def has_plain_dataset(net):
    """Whether a net takes rows as they are given."""
    return inspect.isclass(net.dataset) and _is_plain(net.dataset)


def _whole_arrays(dataset):
    if _is_plain(type(dataset)):
        return dataset.X, dataset.y
    return default_collate([dataset[row] for row in range(len(dataset))])


def _is_plain(kind):
    """Whether datasets of this class yield their rows as they are."""
    return issubclass(kind, ArraysDataset) and all(
        getattr(kind, name) is getattr(ArraysDataset, name)
        for name in ("__getitem__", "transform")
    )


def _has_batch_norm(net):
    parts = (part for m in net._modules for part in getattr(net, f"{m}_").modules())
    return any(isinstance(part, nn.modules.batchnorm._BatchNorm) for part in parts)


def _map(function, X):
    """Apply `function` to every array in a nested dict, list or tuple."""
    if isinstance(X, dict):
        return {name: _map(function, part) for name, part in X.items()}
    if isinstance(X, list | tuple):
        return type(X)(_map(function, part) for part in X)
    return function(X)


def _leaves(X):
    found = []
    _map(found.append, X)
    return found


def _tensor(array):
    # torch warns of arrays that it could not write to, such as memory maps, and takes
    # none that is stored backwards, be it the rows or the bytes of a number.
    if isinstance(array, np.ndarray):
        must_copy = not array.flags.writeable or min(array.strides, default=0) < 0
        array = array.astype(array.dtype.newbyteorder("="), copy=must_copy)
    tensor = torch.as_tensor(array)
    if not tensor.is_floating_point():
        return tensor
    # Networks compute in the default precision; NumPy's default is double.
    return tensor.to(torch.get_default_dtype())
