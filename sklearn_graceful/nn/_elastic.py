"""One network in several widths, each narrower one a part of the wider ones."""

import inspect

import torch
from sklearn.base import clone
from torch import nn
from torch.func import functional_call
from torch.nn.modules.batchnorm import _NormBase

from sklearn_graceful._arguments import check_share
from sklearn_graceful.nn._batches import take_integers_as_floats
from sklearn_graceful.nn._copies import shallow_copy
from sklearn_graceful.nn._seeding import isolated_randomness

WIDTHS = (0.25, 0.5, 0.75, 1.0)
_NORMS = (_NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)


class ElasticModule(nn.Module):
    """A module and narrower ones, which use the first part of each of its weights.

    In training every batch goes through one of the widths, drawn anew, so that a step
    costs less than one of the widest alone, and it takes more of them: about twice as
    many epochs. Else it yields the output of the widest. Normalisation layers have
    numbers of their own in every width, as a part of the channels has other means.

    Parameters
    ----------
    module : torch.nn.Module class
        With parameters that say how wide it is.
    scaled : str or tuple of str
        Names of these parameters, whole numbers or tuples of some: channels, or widths
        of hidden layers. What the module takes in and yields is not among them.
    widths : tuple of float, default=(0.25, 0.5, 0.75, 1.0)
        Shares of the full width, in (0, 1]; 1 is always one of them.
    n_features, embedding_dim : int, default=None
        Passed on where they are set, as `params` are.
    **params
        Any other parameter of the module, at full width.

    Attributes
    ----------
    widths : tuple of float
        From the narrowest to 1.

    Raises
    ------
    TypeError
        If `module` is no class, or lacks a parameter to scale.
    ValueError
        If a width is not in (0, 1], or a parameter to scale has no value.

    References
    ----------
    Yu et al., "Slimmable Neural Networks", ICLR 2019.

    Examples
    --------
    >>> import torch
    >>> from sklearn_graceful.nn import EmbeddingMLP, ElasticModule
    >>> module = ElasticModule(
    ...     EmbeddingMLP, "hidden_sizes", n_features=3, embedding_dim=2,
    ...     hidden_sizes=(8,),
    ... )
    >>> module(torch.ones(5, 3)).shape
    torch.Size([5, 2])
    >>> module.at(0.25)
    EmbeddingMLP(
      (0): Linear(in_features=3, out_features=2, bias=True)
      (1): ReLU()
      (2): Linear(in_features=2, out_features=2, bias=True)
    )
    """

    def __init__(
        self,
        module,
        scaled,
        widths=WIDTHS,
        *,
        n_features=None,
        embedding_dim=None,
        **params,
    ):
        super().__init__()
        sizes = {"n_features": n_features, "embedding_dim": embedding_dim}
        params |= {name: size for name, size in sizes.items() if size is not None}
        scaled = (scaled,) if isinstance(scaled, str) else tuple(scaled)
        self._make = module
        self._params = {1.0: _with_defaults(module, scaled, params)}
        for width in sorted({*map(float, widths)} - {1.0}):
            check_share("widths", width, "right")
            self._params[width] = self._params_at(width, scaled)
        self.widths = tuple(sorted(self._params))
        self.full = module(**self._params[1.0])
        # Not registered: all that they have of their own are the norms.
        self._narrow = {w: module(**self._params[w]) for w in self.widths[:-1]}
        own = [nn.ModuleList(_norms(narrow)) for narrow in self._narrow.values()]
        self.norms = nn.ModuleList(own)
        for narrow in self._narrow.values():
            _drop_shared(narrow)

    def forward(self, X):
        """Output at full width; in training at a width that is drawn."""
        width = 1.0
        if self.training:
            width = self.widths[int(torch.randint(len(self.widths), ()))]
        return self._run(width, X)

    def at(self, width):
        """A module of its own at one width, with these weights.

        Parameters
        ----------
        width : float
            One of ``widths``.

        Returns
        -------
        module : torch.nn.Module

        Raises
        ------
        ValueError
            If it was not trained at that width.
        """
        self._check_width(width)
        with isolated_randomness(0):
            module = self._make(**self._params[width])
        own = self.full if width == 1 else self._narrow[width]
        weights = own.state_dict()
        if width != 1:
            weights |= self._shared(own)
        weights = {name: tensor.detach() for name, tensor in weights.items()}
        module.load_state_dict(weights)
        return module.train(self.training).to(next(self.parameters()))

    def _params_at(self, width, scaled):
        """Parameters of the module at a width."""
        full = self._params[1.0]
        return full | {name: _times(full[name], width) for name in scaled}

    def _run(self, width, X):
        if width == 1:
            return self.full(X)
        narrow = self._narrow[width].train(self.training)
        return functional_call(narrow, self._shared(narrow), X)

    def _shared(self, narrow):
        """First part of each weight, as large as a narrower module needs it."""
        full = dict(self.full.named_parameters()) | dict(self.full.named_buffers())
        return {
            name: full[name][tuple(map(slice, tensor.shape))]
            for name, tensor in _shared_tensors(narrow)
        }

    def _check_width(self, width):
        if width not in self.widths:
            raise ValueError(
                f"width must be one of {', '.join(map(str, self.widths))}, got {width}."
            )


def elastic_net(net, scaled, widths=WIDTHS):
    """Make a skorch net elastic, to be trained in several widths at once.

    It is trained by :class:`~sklearn_graceful.CompatibleEmbedder`, whose ``at_width``
    then returns an embedder of one width. Every batch trains one width, so give it
    about twice the ``max_epochs``; that costs little more than the widest net alone.

    Parameters
    ----------
    net : skorch.NeuralNet
        Unfitted; its module is a class. It stays as it is.
    scaled : str or tuple of str
        Parameters of the module that say how wide it is.
    widths : tuple of float, default=(0.25, 0.5, 0.75, 1.0)
        Shares of the full width, in (0, 1].

    Returns
    -------
    net : skorch.NeuralNet
        Unfitted.

    Raises
    ------
    TypeError
        If the net's module is no class.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_graceful import CompatibleEmbedder
    >>> from sklearn_graceful.nn import elastic_net, embedding_net
    >>> X, y = load_digits(return_X_y=True)
    >>> net = elastic_net(embedding_net(max_epochs=3), "hidden_sizes", (0.25, 1))
    >>> embedder = CompatibleEmbedder(net, embedding_dim=8).fit(X, y)
    >>> embedder.at_width(0.25).transform(X).shape
    (1797, 8)
    """
    _check_is_class(net.module)
    return clone(net).set_params(
        module=ElasticModule,
        module__module=net.module,
        module__scaled=scaled,
        module__widths=widths,
    )


def net_at_width(net, width):
    """A trained elastic net as an ordinary one of one width.

    Parameters
    ----------
    net : skorch.NeuralNet
        Trained; its module is an :class:`ElasticModule`. It stays as it is.
    width : float
        One that it was trained at.

    Returns
    -------
    net : skorch.NeuralNet
        Trained. A clone of it is of that width, too.
    """
    elastic = net.module_
    module = elastic.at(width)
    params = net.get_params_for("module").keys()
    narrow = shallow_copy(net)
    for name in params:
        delattr(narrow, f"module__{name}")
    narrow.module = elastic._make
    for name, value in elastic._params[width].items():
        setattr(narrow, f"module__{name}", value)
    narrow.module_ = module
    take_integers_as_floats(narrow)
    return narrow


def _with_defaults(module, scaled, params):
    """Parameters of a module, and of those to scale also what it sets itself."""
    _check_is_class(module)
    takes = inspect.signature(module).parameters
    found = dict(params)
    for name in scaled:
        if name not in takes and name not in params:
            raise TypeError(f"{module.__name__} has no parameter {name!r} to scale.")
        if name not in found:
            found[name] = takes[name].default
        if found[name] is inspect.Parameter.empty:
            raise ValueError(f"{name} of {module.__name__} has no value to scale.")
    return found


def _check_is_class(module):
    if not inspect.isclass(module):
        raise TypeError(
            "An elastic net makes modules of several widths: module must be a class, "
            f"got an object of {type(module).__name__}."
        )


def _times(size, width):
    if isinstance(size, tuple | list):
        return type(size)(_times(one, width) for one in size)
    return max(1, round(width * size))


def _norms(module):
    return [layer for layer in module.modules() if isinstance(layer, _NORMS)]


def _shared_tensors(module):
    """Parameters and buffers by name, but for those of normalisation layers."""
    for prefix, layer in module.named_modules():
        if not isinstance(layer, _NORMS):
            own = [*layer._parameters.items(), *layer._buffers.items()]
            for name, tensor in own:
                if tensor is not None:
                    yield f"{prefix}.{name}" if prefix else name, tensor


def _drop_shared(module):
    """Leave of what is shared its shape only."""
    for layer in module.modules():
        if not isinstance(layer, _NORMS):
            for own in (layer._parameters, layer._buffers):
                for name, tensor in own.items():
                    if tensor is not None:
                        shape = torch.empty_like(tensor, device="meta")
                        own[name] = shape
