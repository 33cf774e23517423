"""The encoder of BERT, by PyTorch's own transformer layers.

Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers for Language
Understanding", NAACL 2019.
"""

import torch
from torch import nn

_LAYER_NORM_EPS = 1e-12


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
    state = {
        "tokens.weight": weights["embeddings.word_embeddings.weight"],
        "positions.weight": weights["embeddings.position_embeddings.weight"],
        "segment": weights["embeddings.token_type_embeddings.weight"][0],
        "norm.weight": weights["embeddings.LayerNorm.weight"],
        "norm.bias": weights["embeddings.LayerNorm.bias"],
    }
    for i in range(n_layers):
        layer = _layer_state(weights, f"encoder.layer.{i}")
        state |= {f"layers.layers.{i}.{name}": value for name, value in layer.items()}
    encoder.load_state_dict(state, assign=True)
    return encoder.eval().requires_grad_(False)


def _layer_state(weights, prefix):
    """Tensors of one layer under PyTorch's names."""
    state = {}
    for kind in ("weight", "bias"):
        state[f"self_attn.in_proj_{kind}"] = torch.cat(
            [
                weights[f"{prefix}.attention.self.{part}.{kind}"]
                for part in ("query", "key", "value")
            ]
        )
        for ours, theirs in {
            "self_attn.out_proj": "attention.output.dense",
            "norm1": "attention.output.LayerNorm",
            "linear1": "intermediate.dense",
            "linear2": "output.dense",
            "norm2": "output.LayerNorm",
        }.items():
            state[f"{ours}.{kind}"] = weights[f"{prefix}.{theirs}.{kind}"]
    return state
