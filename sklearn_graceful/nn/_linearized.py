"""A module as an affine function of its weights."""

import copy
import re
import warnings

import torch
from torch import nn
from torch.func import functional_call, jacrev, jvp, vjp, vmap

from sklearn_graceful.nn._loop import first_output
from sklearn_graceful.nn._plain_kernels import plain_attention


class NotLinearizableError(NotImplementedError):
    """torch has no derivatives of a module that a linearisation needs."""


class LinearizedModule(nn.Module):
    """``f(x; w0) + J(x) d``: a module linearised around its weights.

    `d`, the parameter ``change``, is all that there is to train. A loss that is convex
    in the output is convex in it, and one of squares has one solution.

    The module is copied and runs as in evaluation: batch normalisation by its running
    statistics, no dropout. Value and product with the Jacobian come from one pass in
    forward mode. Where a layer has no derivative in that mode (LSTM, weight
    normalisation), two passes backward do the same at about twice the time.

    Parameters
    ----------
    module : torch.nn.Module
        With weights w0. Its output, or the first of several, is linearised.
    params : str or list of str, default="all"
        Which weights change. ``"all"``: all that require a gradient. ``"last"``: those
        of the last linear layer. Else a regular expression that is looked for in the
        names of the parameters, such as ``"^head|layer4"``, or a list of these names.

    Attributes
    ----------
    change : torch.nn.Parameter of shape (n_params,)
        d, 0 at first: the weights of all tensors in ``names`` in a row.
    names : list of str
        Of the tensors that change.

    Raises
    ------
    ValueError
        If no parameter is meant by `params`.
    NotLinearizableError
        When a batch is run, if torch has no derivative of a layer. The message names
        the layer.

    References
    ----------
    Achille et al., "LQF: Linear Quadratic Fine-Tuning", CVPR 2021.

    Examples
    --------
    >>> import torch
    >>> from sklearn_graceful.nn import LinearizedModule
    >>> net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh())
    >>> linear, x = LinearizedModule(net), torch.ones(1, 2)
    >>> torch.equal(linear(x), net(x))
    True
    >>> linear.change.shape, linear.jacobian(x).shape
    (torch.Size([9]), torch.Size([1, 3, 9]))
    """

    def __init__(self, module, params="all"):
        super().__init__()
        self.names = selected_names(module, params)
        self._open = [n for n, p in module.named_parameters() if p.requires_grad]
        self.module = _copied(module).eval().requires_grad_(False)
        weights = self._weights()
        n_params = sum(weight.numel() for weight in weights.values())
        self.change = nn.Parameter(next(iter(weights.values())).new_zeros(n_params))
        self._mode = None

    def train(self, mode=True):
        """Stay as in evaluation."""
        return self

    def original(self):
        """A copy of the module, whose weights require gradients where they did."""
        module = copy.deepcopy(self.module)
        for name in self._open:
            module.get_parameter(name).requires_grad_(True)
        return module

    def slices(self):
        """Where each tensor's weights are in ``change``, by name."""
        found, start = {}, 0
        for name, weight in self._weights().items():
            found[name] = slice(start, start + weight.numel())
            start += weight.numel()
        return found

    def changes(self):
        """``change`` by the names of the tensors, each in its shape."""
        return self._parts(self.change.detach())

    def forward(self, x):
        """``f(x; w0) + J(x) d``."""
        value, product = self.jvp(x, self.change)
        return value + product

    def jvp(self, x, change):
        """Value at w0, and product of the Jacobian with a change of the weights.

        Parameters
        ----------
        x : tensor of shape (n, ...)
            Rows.
        change : tensor of shape (n_params,)
            Direction.

        Returns
        -------
        value, product : tensor of shape (n, n_outputs)
        """
        self._find_mode(x)
        return self._jvp(x, change, self._mode)

    def vjp(self, x, cotangent):
        """Product of the transposed Jacobian with a number for each output.

        Parameters
        ----------
        x : tensor of shape (n, ...)
            Rows.
        cotangent : tensor of shape (n, n_outputs)
            The numbers.

        Returns
        -------
        product : tensor of shape (n_params,)
        """
        with plain_attention():
            _, pull = vjp(self._function(x), self._weights())
            return self._flat(pull(cotangent)[0])

    def jacobian(self, x, directions=None, names=None):
        """Derivative of each output by each weight, of every row.

        Parameters
        ----------
        x : tensor of shape (n, ...)
            Rows.
        directions : tensor of shape (n_directions, n_outputs), default=None
            Combinations of the outputs in their place: what each of them counts.
        names : list of str, default=None
            Of the tensors by whose weights; None: all in ``names``.

        Returns
        -------
        jacobian : tensor of shape (n, n_outputs or n_directions, n_params)
        """
        weights = self._weights(names)

        def of_row(row):
            def outputs(changed):
                output = self._function(row[None])(changed)[0]
                return output if directions is None else directions @ output

            return jacrev(outputs)(weights)

        with plain_attention(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "There is a performance drop")
            try:
                parts = vmap(of_row)(x)
            except RuntimeError:  # a layer that vmap does not know
                by_row = [of_row(row) for row in x]
                parts = {n: torch.stack([r[n] for r in by_row]) for n in weights}
        return torch.cat([part.flatten(2) for part in parts.values()], dim=2)

    def _weights(self, names=None):
        names = self.names if names is None else names
        return {name: self.module.get_parameter(name) for name in names}

    def _function(self, x):
        def output(weights):
            return first_output(functional_call(self.module, weights, (x,)))

        return output

    def _parts(self, change):
        sizes = [weight.numel() for weight in self._weights().values()]
        return {
            name: part.view_as(weight)
            for (name, weight), part in zip(
                self._weights().items(), change.split(sizes), strict=True
            )
        }

    @staticmethod
    def _flat(by_name):
        return torch.cat([part.flatten() for part in by_name.values()])

    def _jvp(self, x, change, mode):
        function, weights = self._function(x), self._weights()
        tangents = self._parts(change)
        with plain_attention():
            if mode == "forward":
                return jvp(function, (weights,), (tangents,))
            value, pull = vjp(function, weights)
            # `pull` is linear: its own transpose is the product that is wanted.
            _, push = vjp(lambda c: pull(c)[0], torch.zeros_like(value))
            return value, push(tangents)[0]

    def _find_mode(self, x):
        """Try what torch can differentiate, on one row, at the first batch."""
        if self._mode is not None:
            return
        x = x[:1]
        self.module(x)  # what is wrong with the rows is said by the module itself
        for mode in ("forward", "twice backward"):
            change = self.change.detach().clone().requires_grad_()
            try:
                with torch.enable_grad(), warnings.catch_warnings():
                    # torch's own, when it loads what forward mode needs.
                    warnings.filterwarnings("ignore", ".*torch.jit", DeprecationWarning)
                    self._jvp(x, change, mode)[1].sum().backward()
            except RuntimeError as error:  # NotImplementedError is one
                failed = error
            else:
                self._mode = mode
                return
        raise NotLinearizableError(
            f"{self._culprit(x)} cannot be linearised: torch lacks a derivative "
            f"({str(failed).splitlines()[0]}). Leave its weights as they are, by "
            "params= or requires_grad_(False), feed it fixed features instead, or "
            "replace it by plain layers (nn.EmbeddingBag by nn.Embedding and a mean)."
        ) from failed

    def _culprit(self, x):
        """The innermost layer that was running when forward mode failed."""
        running, found, hooks = [], [], []
        for name, layer in self.module.named_modules():
            label = f"{type(layer).__name__} {name!r}" if name else type(layer).__name__
            hooks.append(
                layer.register_forward_pre_hook(lambda *_, at=label: running.append(at))
            )
            hooks.append(layer.register_forward_hook(lambda *_: running.pop()))
        try:
            self._jvp(x, self.change, "forward")
        except RuntimeError:
            found = running[-1:]
        finally:
            for hook in hooks:
                hook.remove()
        return found[0] if found else type(self.module).__name__


def last_linear(module):
    """Name of the last linear layer of a module.

    Parameters
    ----------
    module : torch.nn.Module
        Its layers are taken to run in the order in which they were added.

    Returns
    -------
    name : str

    Raises
    ------
    ValueError
        If there is none.
    """
    names = [n for n, layer in module.named_modules() if isinstance(layer, nn.Linear)]
    if not names:
        raise ValueError(f"{type(module).__name__} has no nn.Linear.")
    return names[-1]


def _copied(module):
    try:
        return copy.deepcopy(module)
    except RuntimeError as error:
        raise NotLinearizableError(
            f"{type(module).__name__} cannot be copied. If it uses "
            "torch.nn.utils.weight_norm: torch.nn.utils.parametrizations.weight_norm "
            "does the same and can."
        ) from error


def selected_names(module, params):
    """Names of the weights that `params` means, see :class:`LinearizedModule`.

    Raises
    ------
    ValueError
        If it means none.
    """
    if params == "last":
        head = last_linear(module)
        params = f"^{re.escape(head)}[.]" if head else ""

    def is_meant(name, weight):
        if params == "all":
            return weight.requires_grad
        if isinstance(params, str):
            return re.search(params, name)
        return name in params

    weights = dict(module.named_parameters())
    names = [n for n, w in weights.items() if w.is_floating_point() and is_meant(n, w)]
    if not names:
        raise ValueError(
            f"params={params!r} means no parameter of {type(module).__name__} that "
            f"can change; it has {list(weights)[:10]}."
        )
    return names
