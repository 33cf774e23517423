"""Real data for examples, tests and benchmarks, from packages that one installs.

Nothing is downloaded or kept here: every loader reads files that a Debian or Python
package has put on the machine, checks them, and says what to install when they are
missing. Tables and images return ``(X, y)``, as scikit-learn's loaders do with
``return_X_y=True``; news return titles, bodies and labels. Characters, drawn in the
fonts that are installed, come with the font of each. Two pretrained embedders of texts,
an old and a new one, are transformers; pretrained networks for images are torch
modules.
"""

from sklearn_graceful.datasets._bbc_news import load_bbc_news
from sklearn_graceful.datasets._characters import CharacterImages, render_characters
from sklearn_graceful.datasets._efficientnet import (
    as_efficientnet_rows,
    load_efficientnet_lite,
)
from sklearn_graceful.datasets._fashion_mnist import load_fashion_mnist
from sklearn_graceful.datasets._minilm import MiniLMEmbedder
from sklearn_graceful.datasets._mlbench import load_mlbench
from sklearn_graceful.datasets._mnist import load_mnist_5k
from sklearn_graceful.datasets._modeldata import load_modeldata
from sklearn_graceful.datasets._spam import load_spam
from sklearn_graceful.datasets._wordllama import WordLlamaEmbedder

__all__ = [
    "CharacterImages",
    "MiniLMEmbedder",
    "WordLlamaEmbedder",
    "as_efficientnet_rows",
    "load_bbc_news",
    "load_efficientnet_lite",
    "load_fashion_mnist",
    "load_mlbench",
    "load_mnist_5k",
    "load_modeldata",
    "load_spam",
    "render_characters",
]
