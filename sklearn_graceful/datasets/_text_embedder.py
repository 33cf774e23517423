"""What embedders of texts have in common."""

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)

from sklearn_graceful.datasets._packages import import_extra, package_folder


class TextEmbedder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Base of pretrained embedders: nothing to fit, texts to vectors of length 1."""

    # Subclasses say how wide their vectors are, `_n_features_out`, and override
    # `_embed(texts)`, which gets a list of one or more str and returns one vector of
    # any length for each.

    def fit(self, X=None, y=None):
        """Do nothing: the model is pretrained."""
        return self

    def transform(self, X):
        """Embed n texts: float32 vectors of length 1, of shape (n, n_features_out)."""
        embeddings = self._embed(check_texts(X))
        return embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        return tags


def check_texts(X):
    """Turn X into a list of one or more str."""
    if isinstance(X, str):
        raise ValueError("X must be a sequence of texts, got a single string.")
    shape = np.shape(X) if hasattr(X, "shape") else (len(X),)
    if len(shape) != 1 or not shape[0]:
        raise ValueError(
            f"X must be a 1-D sequence of one text or more, got shape {shape}."
        )
    texts = list(X)
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise ValueError(
                f"X must hold texts (str), got {type(text).__name__} in row {row}."
            )
    return texts


def model_folder(package, user):
    """Folder of the package that holds a model, if all is there that reads it."""
    purpose = f"{user} reads its model with tokenizers and safetensors"
    for module in ("safetensors", "tokenizers"):
        import_extra(module, purpose, extra="text")
    install = f"--no-deps {package.replace('_', '-')}"
    return package_folder(package, user=user, install=install)
