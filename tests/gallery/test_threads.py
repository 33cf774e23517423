"""Many readers and one writer."""

import threading
import time

import numpy as np
import pytest
from sklearn.datasets import load_digits

from sklearn_graceful import CompatibleEmbedder, Gallery
from sklearn_graceful.search import unit_rows


class Race:
    """Readers that search until they are told to stop, and what went wrong."""

    def __init__(self, read, n_readers):
        self.read, self.errors, self.n_reads, self.over = read, [], 0, False
        self.threads = [threading.Thread(target=self._work) for _ in range(n_readers)]

    def _work(self):
        while not self.over and not self.errors:
            try:
                self.read()
            except BaseException as error:
                self.errors.append(error)
            self.n_reads += 1

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error):
        self.over = True
        for thread in self.threads:
            thread.join()
        if self.errors:
            raise self.errors[0]


@pytest.mark.parametrize("where", ["memory", "disk"])
@pytest.mark.parametrize("seconds", [2, pytest.param(60, marks=pytest.mark.slow)])
def test_no_reader_sees_half_of_anything(where, seconds, models, X, tmp_path):
    if seconds == 60 and where == "memory":
        pytest.skip("on disk there is more that could go wrong")
    folder = tmp_path / "gallery" if where == "disk" else None
    with Gallery(models[0], folder) as gallery:
        gallery.add(range(100), X[:100])
        vectors = unit_rows(models[0].transform(X).astype(np.float32))

        def read():
            # Items 0 to 49 are always there, and nothing but vectors of items is.
            ids, scores = gallery.search(X[:50], k=20)
            assert ids[:, 0].tolist() == [*range(50)]
            true = np.einsum("ij,ikj->ik", vectors[:50], vectors[ids % 200])
            np.testing.assert_allclose(scores, true, atol=1e-5)

        end, rng = time.monotonic() + seconds, np.random.default_rng(0)
        with Race(read, 20) as race:
            while time.monotonic() < end and not race.errors:
                extra = 100 + rng.permutation(100)[:50]
                gallery.add(extra, X[extra])
                gallery.update(extra[:20], X[extra[:20]])
                gallery.delete(extra)
                if rng.random() < 0.1:
                    gallery.compact()
        assert race.n_reads > 20


def test_searches_never_fail_while_versions_come_and_go(models, X, tmp_path):
    old, new, _ = models
    with Gallery(old, tmp_path / "gallery") as gallery:
        gallery.add(range(100), X[:100])

        def read():
            ids, _ = gallery.search(X[:100], k=3)
            assert ids.shape == (100, 3)
            assert ids[:, 0].tolist() == [*range(100)]

        with Race(read, 6) as race:
            for number in range(6):
                gallery.upgrade(new)
                gallery.backfill((range(200), X), batch_size=10)
                gallery.add([150 + number], X[[150 + number]])
                gallery.rollback()
                gallery.delete([150 + number])
            gallery.upgrade(new)
            gallery.backfill((range(200), X), batch_size=10)
            gallery.commit()
            gallery.compact()
        assert race.n_reads > 6
        assert len(gallery) == 100


def test_recall_never_falls_under_the_old_model_while_items_are_written_and_moved():
    X, y = load_digits(return_X_y=True)
    old = CompatibleEmbedder(embedding_dim=8, random_state=0).fit(X[:150], y[:150])
    new = CompatibleEmbedder(old_model=old, embedding_dim=16, random_state=0)
    new.fit(X[:900], y[:900])
    items, rng, moments = np.arange(900, 1500), np.random.default_rng(0), []
    gallery = Gallery(old)
    gallery.add(items, X[items])

    def recall():
        ids, _ = gallery.search(X[1500:], k=1)
        return (y[ids[:, 0]] == y[1500:]).mean()

    old_self = recall()
    with Race(lambda: moments.append(recall()), 2):
        gallery.upgrade(new)
        late = np.arange(1500)[:100]  # items that arrive meanwhile
        while (status := gallery.status()).n_left:
            gallery.update(some := rng.choice(items, 20, replace=False), X[some])
            gallery.add(late, X[late])
            gallery.backfill(lambda ids: X[ids], budget=min(40, status.n_left))
            gallery.delete(late)
    assert len(moments) > 10
    assert min(moments) >= old_self
    assert recall() > old_self
