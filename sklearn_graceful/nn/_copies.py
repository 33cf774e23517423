"""Copies of trained nets."""

from copy import copy


def shallow_copy(net):
    """Another net object with the same modules, optimisers and callbacks.

    skorch's own copies are made by pickling, which takes all weights along and refuses
    modules whose class is in no importable place: in a function, or, in a worker
    process, in the program that was started.

    Parameters
    ----------
    net : skorch.NeuralNet

    Returns
    -------
    net : skorch.NeuralNet
        What is set in it, or taken away, is not in the other one.
    """
    other = object.__new__(type(net))
    for name, value in vars(net).items():
        vars(other)[name] = copy(value) if type(value) in (list, dict) else value
    return other
