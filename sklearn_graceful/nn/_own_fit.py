"""The fit of a net as it is, checked as one on a loss of ours is."""

from functools import partial

from sklearn_graceful.nn._classifier import count_classes
from sklearn_graceful.nn._interrupts import ended_by_interrupts
from sklearn_graceful.nn._loop import first_output
from sklearn_graceful.nn._outputs import check_output_width


def fit_as_it_is(net, X, y, **fit_params):
    """Fit a skorch classifier on its own loss.

    Parameters
    ----------
    net : skorch.NeuralNet
        Fitted in place.
    X, y : array-like of n rows
        What its ``fit`` gets.
    **fit_params
        The same.

    Raises
    ------
    ValueError
        If `y` is one class only or not 0..K-1, or the module's output has not a column
        for each class.
    KeyboardInterrupt
        If it is interrupted.
    """
    n_classes = count_classes(y)
    if n_classes < 2:
        raise ValueError("A network needs rows of two classes or more, got 1 class.")
    # Gone as soon as there is an output.
    vars(net)["infer"] = partial(_infer_first, net, n_classes)
    try:
        with ended_by_interrupts(net):
            net.fit(X, y, **fit_params)
    finally:
        vars(net).pop("infer", None)


def _infer_first(net, n_classes, *args, **kwargs):
    del vars(net)["infer"]
    output = net.infer(*args, **kwargs)
    check_output_width(first_output(output), n_classes)
    return output
