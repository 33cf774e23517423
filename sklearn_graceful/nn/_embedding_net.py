"""The default network that embeds."""

from skorch import NeuralNet
from torch import nn

from sklearn_graceful.nn._mlp import MLP, mlp_params


class EmbeddingMLP(MLP):
    """The same multi-layer perceptron as :class:`MLP`; its outputs are embeddings.

    Parameters
    ----------
    n_features : int
        Width of a row.
    embedding_dim : int
        Number of outputs.
    hidden_sizes : tuple of int, default=(128, 128)
        Width of each hidden layer.
    """

    def __init__(self, n_features, embedding_dim, hidden_sizes=(128, 128)):
        super().__init__(n_features, embedding_dim, hidden_sizes)


def embedding_net(hidden_sizes=(128, 128), *, device="auto", **skorch_params):
    """Default skorch net of an embedder: an MLP whose widths are found at fit.

    It is trained by :class:`~sklearn_graceful.CompatibleEmbedder`, which brings the
    loss. It does not scale its input: put a ``StandardScaler`` before it.

    Parameters
    ----------
    hidden_sizes : tuple of int, default=(128, 128)
        Width of each hidden layer.
    device : str, default="auto"
        ``"auto"``: CUDA when there is a CUDA device, else the CPU.
    **skorch_params
        Any parameter of ``skorch.NeuralNet``, such as ``max_epochs`` (default 100;
        ``"auto"`` as in :class:`InMemoryClassifier`, by the loss that is trained on),
        ``lr`` (0.003), ``batch_size`` (64), ``optimizer`` (fused AdamW), ``callbacks``
        or ``verbose`` (0).

    Returns
    -------
    net : skorch.NeuralNet
        Unfitted.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_graceful import CompatibleEmbedder
    >>> from sklearn_graceful.nn import embedding_net
    >>> X, y = load_digits(return_X_y=True)
    >>> net = embedding_net((32,), max_epochs=3)
    >>> CompatibleEmbedder(net, embedding_dim=8).fit_transform(X / 16, y).shape
    (1797, 8)
    """
    # Neighbours go on getting better for long after the loss on rows held out has
    # stopped falling, and hardly get worse: a length that is seen there is too short.
    defaults = {"max_epochs": 100, "lr": 3e-3, "batch_size": 64}
    params = mlp_params(hidden_sizes, device=device, **(defaults | skorch_params))
    return NeuralNet(EmbeddingMLP, criterion=nn.Identity, **params)
