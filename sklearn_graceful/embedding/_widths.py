"""Embedders of one width out of an elastic one."""

from copy import copy

from sklearn.base import clone
from sklearn.pipeline import Pipeline

from sklearn_graceful._wrappers import last_step
from sklearn_graceful.nn import ElasticModule, net_at_width

# Beside the network itself.
_OF_ONE_WIDTH = ("fingerprint_", "prototypes_")


def narrower_widths(estimator):
    """Widths below 1 that a fitted learner has; none if it is not elastic."""
    module = getattr(last_step(estimator), "module_", None)
    return module.widths[:-1] if isinstance(module, ElasticModule) else ()


def embedder_at_width(embedder, width):
    """See :meth:`CompatibleEmbedder.at_width`."""
    net = last_step(embedder.estimator_)
    if not isinstance(getattr(net, "module_", None), ElasticModule):
        raise TypeError(
            f"The {type(net).__name__} of this embedder has one width: train "
            "nn.elastic_net(net, scaled)."
        )
    narrow = copy(embedder)
    learner = net_at_width(net, width)
    narrow.estimator_ = _with_last_step(embedder.estimator_, learner)
    narrow.estimator = clone(narrow.estimator_)
    vars(narrow).update(narrow.widths_.get(width, {}))
    del narrow.widths_
    return narrow


def what_differs(embedder):
    """Attributes of a fitted embedder that another width has others of."""
    return {
        name: value for name, value in vars(embedder).items() if name in _OF_ONE_WIDTH
    }


def _with_last_step(estimator, learner):
    """The same Pipeline, but for its last step."""
    if not isinstance(estimator, Pipeline):
        return learner
    *before, (name, last) = estimator.steps
    other = copy(estimator)
    other.steps = [*before, (name, _with_last_step(last, learner))]
    return other
