"""Where the weights come from: the old network, or one that has no predecessor."""

import copy
from dataclasses import dataclass, replace
from itertools import zip_longest

import numpy as np
import torch
from skorch import NeuralNet
from torch import nn

from sklearn_graceful._wrappers import innermost, last_step, transformers
from sklearn_graceful.classification._lqf._problem import MAX_NUMBERS
from sklearn_graceful.classification._pc_classifier import PCClassifier
from sklearn_graceful.nn import (
    Contrasts,
    FrozenTrunk,
    LinearizedModule,
    first_output,
    last_linear,
    output_kind,
    selected_names,
    with_outputs,
)
from sklearn_graceful.reference import naming_shapes
from sklearn_graceful.training import FittedNetwork


@dataclass(frozen=True)
class Network:
    """A network to be linearised.

    Attributes
    ----------
    module : torch.nn.Module
        With weights w0, in the dtype to compute in.
    transformers : list of transformer
        Fitted, that rows pass before it.
    classes : ndarray or None
        Of its outputs; None: they are not what is to be learned.
    change : dict of str to tensor
        Of its weights, by an earlier update. Those it does not name have not changed.
    kind : str
        What its outputs are.
    curvature : callable or None
        Returns the Curvature on the rows that it has learned.
    rows : Rows or None
        These rows.
    n_known : int or None
        How many of its outputs are of classes that w0 was trained for; None: all.
    trunk : FrozenTrunk or None
        Of the module, for the weights that are to change.
    """

    module: torch.nn.Module
    transformers: list
    classes: np.ndarray | None
    change: dict
    kind: str = "logits"
    curvature: object = None
    rows: object = None
    n_known: int | None = None
    trunk: FrozenTrunk | None = None

    def of_classes(self, classes):
        """The same, with its classes known; of as many as it has outputs."""
        return replace(self, classes=classes)

    def seen(self, x):
        """The same once it has taken a batch, so that it is known what it yields."""
        with torch.no_grad(), naming_shapes(self.module, x):
            output = first_output(self.module.eval()(x))
        return replace(self, kind=output_kind(output.float().cpu().numpy()))

    def with_trunk(self, params, X):
        """The same with its trunk, if what that yields for all rows is not too much."""
        names = selected_names(self.module, params)
        if any(isinstance(layer, nn.Linear) for layer in self.module.modules()):
            names += selected_names(self.module, "last")  # it may get other weights
        trunk = FrozenTrunk.of(self.module, names, X[:2])
        if trunk is None or len(X) * trunk.shape.numel() > MAX_NUMBERS:
            return self
        return replace(self, trunk=trunk)

    def inputs(self, X):
        """Rows as they are used."""
        return X if self.trunk is None else self.trunk.features(self.module, X)

    def linearised(self, classes, params):
        """Its Contrasts for all `classes`, linearised, and the change so far."""
        module, kind = self.module, self.kind
        order = list(np.searchsorted(classes, self.classes))
        new = [k for k in range(len(classes)) if k not in order]
        if new:
            _check_can_grow(module, kind, self.classes)
            if kind == "margin":
                # The logit of the second class is kept, that of the first is 0.
                order.reverse()
                kind = "logits"
            module = with_outputs(module, len(classes), keep=True)
        n_known = len(order) if self.n_known is None else self.n_known
        contrasts = Contrasts(module, kind, order + new, n_known, self.trunk)
        names = [f"module.{name}" for name in selected_names(module, params)]
        linear = LinearizedModule(contrasts, names)
        start = torch.zeros_like(linear.change)
        for name, where in linear.slices().items():
            if name in self.change:
                earlier = self.change[name].flatten()
                start[where.start : where.start + len(earlier)] = earlier.to(start)
        return linear, start


def old_network(model, classes, dtype):
    """The network inside an old model; None if it is none.

    One that was linearised before is linearised around the same weights again.
    """
    earlier = innermost(model)
    if not hasattr(earlier, "linear_"):
        found = FittedNetwork.inside(model)
        if found is None:
            return None
        module = copy.deepcopy(found.module).to(dtype)
        return Network(module, found.transformers, classes, {})
    contrasts = earlier.linear_.original().to(dtype)
    return Network(
        contrasts.module,
        transformers(model) + earlier.transformers_,
        earlier.classes_[contrasts.order.cpu().numpy()],
        earlier.linear_.changes(),
        contrasts.kind,
        earlier._learned_curvature,
        earlier._learned_rows(),
        n_known=contrasts.n_known,
    )


def first_network(module, dtype):
    """A network that is known for its inner layers only, such as a pretrained one."""
    found = FittedNetwork.inside(module)
    if found is None:
        raise TypeError(
            "module must be a torch module, a skorch net, or a Pipeline that ends in "
            f"one, got {type(innermost(module)).__name__}."
        )
    return Network(copy.deepcopy(found.module).to(dtype), found.transformers, None, {})


def trained_network(learner, training, dtype):
    """A network that is trained plainly on the rows, as there is no other."""
    plain = PCClassifier(learner, method="none", random_state=training.seed)
    weights = {"sample_weight": training.sample_weight}
    plain.fit(training.raw, training.labels, **weights)
    return old_network(plain, training.classes, dtype)


def is_to_be_trained(module):
    """Whether this is None, or a network that was not trained yet."""
    learner = None if module is None else last_step(module)
    return module is None or (
        isinstance(learner, NeuralNet) and not hasattr(learner, "module_")
    )


def is_same_network(module, old):
    """Whether a module is the old one: the same weights in the same layers.

    Raises
    ------
    ValueError
        If only the weights are: it would not start from the old model's answers.
    """
    own, known = module.state_dict(), old.state_dict()
    if [*own] != [*known] or not all(
        torch.equal(own[name].to(weight), weight) for name, weight in known.items()
    ):
        return False
    for layer, before in zip_longest(_acting(module), _acting(old)):
        if layer is not before:
            names = (kind and kind.__name__ for kind in (layer, before))
            raise ValueError(
                "module has the old model's weights, but {} in place of {}: its "
                "answers are not the old model's. Leave module=None; to_leaky_relu is "
                "for networks that are still to be trained.".format(*names)
            )
    return True


def _acting(module):
    """Kinds of the layers that do something in evaluation."""
    idle = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.Identity)
    return [type(layer) for layer in module.modules() if not isinstance(layer, idle)]


def _check_can_grow(module, kind, known):
    head = module.get_submodule(last_linear(module))
    n_outputs = 1 if kind == "margin" else len(known)
    if kind not in ("logits", "margin") or head.out_features != n_outputs:
        raise ValueError(
            "y has classes that the old network does not know, and it can only learn "
            "new ones if its last linear layer yields one logit a class."
        )
