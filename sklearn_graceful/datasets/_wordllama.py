"""WordLlama: a text is the mean of its tokens' vectors."""

from functools import cache

import numpy as np

from sklearn_graceful.datasets._packages import package_folder
from sklearn_graceful.datasets._text_embedder import TextEmbedder, import_tokenizer

# Texts whose tokens' vectors are in memory at once.
_N_TEXTS = 256


class WordLlamaEmbedder(TextEmbedder):
    """Embed texts as means of static token vectors, 256-d: fast, blind to word order.

    The table of 32,000 token vectors, distilled from large language models, comes with
    the Python package ``wordllama``, MIT licence. It loads offline, once a process;
    nothing of it is pickled.

    Raises
    ------
    ImportError
        On `transform`, if a package is missing; says what to install.
    ValueError
        On `transform`, if X is a single string, empty, not 1-D, or holds something
        that is no text.

    See Also
    --------
    MiniLMEmbedder : Better and slower.

    Notes
    -----
    A text without any token, such as ``""``, has no vector and raises ValueError.

    References
    ----------
    Miller, "WordLlama: Recycled Token Embeddings from Large Language Models", 2024,
    https://github.com/dleemiller/wordllama.

    Examples
    --------
    >>> from sklearn_graceful.datasets import WordLlamaEmbedder
    >>> embedder = WordLlamaEmbedder()
    >>> embedder.transform(["A first text.", "Another."]).shape  # doctest: +SKIP
    (2, 256)
    """

    _n_features_out = 256

    def _embed(self, texts):
        tokenizer, table = _load()
        parts = []
        for start in range(0, len(texts), _N_TEXTS):
            encodings = tokenizer.encode_batch_fast(
                texts[start : start + _N_TEXTS], add_special_tokens=False
            )
            lengths = np.array([len(encoding.ids) for encoding in encodings])
            _check_lengths(lengths, start)
            vectors = table[np.concatenate([encoding.ids for encoding in encodings])]
            first = np.cumsum(lengths) - lengths
            parts.append(np.add.reduceat(vectors, first) / lengths[:, None])
        return np.concatenate(parts).astype(np.float32)


def _check_lengths(lengths, start):
    if not lengths.all():
        row = start + int(np.flatnonzero(lengths == 0)[0])
        raise ValueError(f"X has no token in row {row}, so it has no vector.")


@cache
def _load():
    """Tokenizer and table of token vectors, float32 of shape (32000, 256)."""
    Tokenizer = import_tokenizer("WordLlamaEmbedder")
    from safetensors.numpy import load_file

    folder = package_folder(
        "wordllama", user="WordLlamaEmbedder", install="--no-deps wordllama"
    )
    tokenizer = Tokenizer.from_file(
        str(folder / "tokenizers" / "l2_supercat_tokenizer_config.json")
    )
    tokenizer.no_padding()
    tokenizer.no_truncation()
    (table,) = load_file(folder / "weights" / "l2_supercat_256.safetensors").values()
    return tokenizer, table.astype(np.float32)
