"""WordLlama: a text is the mean of its tokens' vectors."""

from functools import cache

import numpy as np
from sklearn.utils import gen_batches

from sklearn_graceful.datasets._text_embedder import TextEmbedder, model_folder

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
        for part in gen_batches(len(texts), _N_TEXTS):
            encodings = tokenizer.encode_batch_fast(
                texts[part], add_special_tokens=False
            )
            ids = [encoding.ids for encoding in encodings]
            if [] in ids:
                row = part.start + ids.index([])
                raise ValueError(f"X has no token in row {row}, so it has no vector.")
            lengths = np.array([len(row) for row in ids])
            first = np.cumsum(lengths) - lengths
            sums = np.add.reduceat(table[np.concatenate(ids)], first)
            parts.append(sums / lengths[:, None])
        return np.concatenate(parts).astype(np.float32)


@cache
def _load():
    """Tokenizer and table of token vectors, float32 of shape (32000, 256)."""
    folder = model_folder("wordllama", "WordLlamaEmbedder")
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(
        str(folder / "tokenizers" / "l2_supercat_tokenizer_config.json")
    )
    tokenizer.no_padding()
    tokenizer.no_truncation()
    (table,) = load_file(folder / "weights" / "l2_supercat_256.safetensors").values()
    return tokenizer, table.astype(np.float32)
