"""An interrupt ends the fit of a skorch net, which itself takes it for a stop."""

from contextlib import contextmanager
from functools import partial
from traceback import walk_tb

from skorch.callbacks import EarlyStopping


@contextmanager
def ended_by_interrupts(net, fit_loop=None):
    """Let a KeyboardInterrupt pass out of the fit of a skorch net.

    skorch ends the loop over epochs there and returns a net that looks trained. A
    callback that is an ``EarlyStopping`` means just that; Ctrl-C does not.

    Parameters
    ----------
    net : skorch.NeuralNet
        About to be fitted, in this context.
    fit_loop : callable, default=None
        What runs in the place of the net's own ``fit_loop``. None: that one.

    Raises
    ------
    KeyboardInterrupt
        If one was raised in the loop, other than by an ``EarlyStopping``.
    """
    loop = net.fit_loop if fit_loop is None else fit_loop
    vars(net)["fit_loop"] = partial(_run, net, loop)
    try:
        yield
    except _Interrupted as interrupted:
        raise interrupted.__cause__ from None
    finally:
        vars(net).pop("fit_loop", None)


def _run(net, loop, *args, **kwargs):
    # Gone before the first epoch begins, for callbacks that pickle the net.
    del vars(net)["fit_loop"]
    try:
        return loop(*args, **kwargs)
    except KeyboardInterrupt as interrupt:
        if _is_early_stop(interrupt):
            raise
        raise _Interrupted from interrupt


class _Interrupted(BaseException):
    """What skorch does not catch."""


def _is_early_stop(interrupt):
    frames = (frame for frame, _ in walk_tb(interrupt.__traceback__))
    return any(isinstance(f.f_locals.get("self"), EarlyStopping) for f in frames)
