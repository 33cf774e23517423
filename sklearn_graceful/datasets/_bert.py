"""The encoder of BERT, by PyTorch's own transformer layers.

Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers for Language
Understanding", NAACL 2019.
"""

from itertools import product

import torch
from torch import nn

_LAYER_NORM_EPS = 1e-12
# Parts of the names that BERT's weights are published under, and ours. Those of the
# attention's output go first, which end like others.
_NAMES = {
    "embeddings.word_embeddings": "tokens",
    "embeddings.position_embeddings": "positions",
    "embeddings.LayerNorm": "norm",
    "encoder.layer": "layers.layers",
    "attention.output.dense": "self_attn.out_proj",
    "attention.output.LayerNorm": "norm1",
    "intermediate.dense": "linear1",
    "output.dense": "linear2",
    "output.LayerNorm": "norm2",
}


class BertEncoder(nn.Module):
    """Tokens to one vector of `width` for each: embeddings, then transformer layers."""

    def __init__(self, n_tokens, width, n_layers, n_heads, n_hidden, n_positions):
        super().__init__()
        self.tokens = nn.Embedding(n_tokens, width)
        self.positions = nn.Embedding(n_positions, width)
        # That of the first segment; a single text has no second.
        self.segment = nn.Parameter(torch.zeros(width))
        self.norm = nn.LayerNorm(width, eps=_LAYER_NORM_EPS)
        layer = nn.TransformerEncoderLayer(
            width,
            n_heads,
            n_hidden,
            activation="gelu",
            layer_norm_eps=_LAYER_NORM_EPS,
            batch_first=True,
        )
        self.layers = nn.TransformerEncoder(layer, n_layers, enable_nested_tensor=False)

    def forward(self, ids, is_padding):
        """Vectors of tokens, (n, length, width), none of which looks at padding."""
        positions = self.positions.weight[: ids.shape[1]]
        vectors = self.norm(self.tokens(ids) + positions + self.segment)
        return self.layers(vectors, src_key_padding_mask=is_padding)


def from_published_weights(weights, n_heads):
    """Build an encoder in eval mode from tensors under the names that BERT has."""
    n_tokens, width = weights["embeddings.word_embeddings.weight"].shape
    n_hidden = len(weights["encoder.layer.0.intermediate.dense.bias"])
    n_positions = len(weights["embeddings.position_embeddings.weight"])
    n_layers = sum(name.endswith("intermediate.dense.bias") for name in weights)
    # Without memory or random numbers for weights that are replaced at once.
    with torch.device("meta"):
        encoder = BertEncoder(n_tokens, width, n_layers, n_heads, n_hidden, n_positions)
    state = {_our_name(name): tensor for name, tensor in weights.items()}
    state["segment"] = weights["embeddings.token_type_embeddings.weight"][0]
    for i, kind in product(range(n_layers), ("weight", "bias")):
        state[f"layers.layers.{i}.self_attn.in_proj_{kind}"] = torch.cat(
            [
                weights[f"encoder.layer.{i}.attention.self.{part}.{kind}"]
                for part in ("query", "key", "value")
            ]
        )
    state = {name: state[name] for name in encoder.state_dict()}
    encoder.load_state_dict(state, assign=True)
    return encoder.eval().requires_grad_(False)


def _our_name(name):
    """PyTorch's name of a tensor that is published as `name`."""
    for published, ours in _NAMES.items():
        name = name.replace(published, ours)
    return name
