"""Ways to solve it: all weights, all rows, or step by step."""

from sklearn_graceful.classification._lqf._cholesky import Cholesky
from sklearn_graceful.classification._lqf._conjugate_gradients import ConjugateGradients
from sklearn_graceful.classification._lqf._dual import Dual
from sklearn_graceful.classification._lqf._gradient import StochasticGradient
from sklearn_graceful.classification._lqf._problem import MAX_NUMBERS

_MAX_PARAMS, _MAX_OUTPUTS = 2000, 3000

SOLVERS = {
    "cholesky": Cholesky,
    "dual": Dual,
    "cg": ConjugateGradients,
    "sgd": StochasticGradient,
}


def solver_for(name, n_outputs, n_params):
    """The class of a solver; "auto": by the sizes of the problem."""
    if name != "auto":
        return SOLVERS[name]
    if n_params <= _MAX_PARAMS:
        return Cholesky
    if n_outputs <= _MAX_OUTPUTS and n_outputs * n_params <= MAX_NUMBERS:
        return Dual
    return ConjugateGradients
