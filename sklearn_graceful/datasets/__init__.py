"""Real data for examples, tests and benchmarks, from packages that one installs.

Nothing is downloaded or kept here: every loader reads files that a Debian or Python
package has put on the machine, checks them, and says what to install when they are
missing. All return ``(X, y)``, as scikit-learn's loaders do with ``return_X_y=True``.
"""

from sklearn_graceful.datasets._fashion_mnist import load_fashion_mnist
from sklearn_graceful.datasets._mlbench import load_mlbench
from sklearn_graceful.datasets._mnist import load_mnist_5k

__all__ = ["load_fashion_mnist", "load_mlbench", "load_mnist_5k"]
