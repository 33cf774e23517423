"""What every store must do, as a function that tries it."""

import numpy as np

from sklearn_graceful.gallery._ids import as_ids
from sklearn_graceful.gallery._store import (
    Changes,
    StateChangedError,
    VectorStore,
    View,
)


def check_vector_store(make):
    """Try whether a store does all that a gallery needs of it.

    Parameters
    ----------
    make : callable
        Returns a new, empty store at every call. One with a ``close`` method is closed
        afterwards.

    Raises
    ------
    AssertionError
        If it does not; names what was tried.

    Examples
    --------
    >>> from sklearn_graceful.gallery import LocalStore, check_vector_store
    >>> check_vector_store(LocalStore)
    """
    for check in _CHECKS:
        for kind in ("int", "str"):
            store = make()
            try:
                check(store, lambda *ids, kind=kind: _named(kind, ids))
            except AssertionError as error:
                what = check.__name__.strip("_").replace("_", " ")
                raise AssertionError(f"{what}, with {kind} ids: {error}") from error
            finally:
                getattr(store, "close", lambda: None)()


def _named(kind, numbers):
    return as_ids(list(numbers) if kind == "int" else [f"item {n}" for n in numbers])


def _rows(*rows):
    return np.array(rows, np.float32)


def _same(found, expected):
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, f"shape {found.shape}, not {expected.shape}"
    assert (found == expected).all(), f"{found.tolist()}, not {expected.tolist()}"


def _raises(error, store, changes):
    before = store.ids("a"), store.state()
    try:
        store.write(changes)
    except error:
        pass
    else:
        raise AssertionError(f"no {error.__name__} was raised")
    _same(store.ids("a"), before[0])
    assert store.state() == before[1], "the state changed"


def _an_empty_store_has_nothing(store, ids):
    assert isinstance(store, VectorStore), "it lacks one of the five methods"
    assert store.state() is None
    assert len(store.ids("a")) == 0
    assert not store.vectors("a", ids(1))[1].any()
    ((found, scores),) = store.search([View("a", _rows([1, 0]), "inner_product")], 3)
    assert found.shape == scores.shape == (1, 0)


def _vectors_come_back_as_they_were(store, ids):
    vectors = _rows([1, 0.1], [0.3, 1], [-1, 7])
    store.write(Changes(insert={"a": (ids(3, 1, 2), vectors)}, state={"x": [1, "é"]}))
    _same(store.ids("a"), ids(3, 1, 2))
    found, there = store.vectors("a", ids(2, 9, 3))
    _same(there, [True, False, True])
    _same(found, vectors[[2, 0]])
    assert found.dtype == np.float32
    assert store.state() == {"x": [1, "é"]}
    store.write(Changes(insert={"a": (ids(0), _rows([5, 5]))}))
    _same(store.ids("a"), ids(3, 1, 2, 0))
    _same(store.ids("a", among=ids(0, 7, 3)), ids(3, 0))
    assert store.state() == {"x": [1, "é"]}, "a write without a state changed it"


def _the_nearest_come_first(store, ids):
    vectors = _rows([3, 0], [0, 1], [1, 1], [0, 4])
    store.write(Changes(insert={"a": (ids(1, 2, 3, 4), vectors)}))
    queries = _rows([0, 1], [1, 0.5])
    for score, expected in {
        "inner_product": ([(4, 2, 3), (1, 4, 3)], [(4, 1, 1), (3, 2, 1.5)]),
        "euclidean": ([(2, 3, 4), (3, 2, 1)], [(0, -1, -3), (-0.5, -1.118, -2.062)]),
        "cosine": ([(2, 4, 3), (3, 1, 2)], [(1, 1, 0.707), (0.949, 0.894, 0.447)]),
    }.items():
        own = queries
        if score == "cosine":
            own = queries / np.linalg.norm(queries, axis=1, keepdims=True)
        ((found, scores),) = store.search([View("a", own, score)], 3)
        _same(found, [ids(*row) for row in expected[0]])
        np.testing.assert_allclose(scores, expected[1], atol=1e-3, err_msg=score)
    ((found, _),) = store.search([View("a", queries, "inner_product")], 9)
    assert found.shape == (2, 4), "more columns than items"


def _equal_scores_come_in_order_of_arrival(store, ids):
    vectors = np.ones((6, 2), np.float32)
    store.write(Changes(insert={"a": (ids(9, 2, 5, 1, 8, 4), vectors)}))
    for k in (1, 3, 6):
        ((found, _),) = store.search([View("a", _rows([1, 1]), "inner_product")], k)
        _same(found[0], ids(9, 2, 5, 1, 8, 4)[:k])


def _what_is_deleted_is_not_found(store, ids):
    vectors = _rows([4, 0], [3, 0], [2, 0], [1, 0])
    store.write(Changes(insert={"a": (ids(1, 2, 3, 4), vectors)}))
    store.write(Changes(delete={"a": ids(3, 1)}))
    _same(store.ids("a"), ids(2, 4))
    ((found, _),) = store.search([View("a", _rows([1, 0]), "inner_product")], 4)
    _same(found, [ids(2, 4)])
    store.write(Changes(delete={"a": ids(2)}, insert={"a": (ids(2), _rows([0, 7]))}))
    _same(store.vectors("a", ids(2))[0], [[0, 7]])
    _same(store.ids("a"), ids(4, 2))
    store.write(Changes(drop=["a", "never there"]))
    assert len(store.ids("a")) == 0
    store.write(Changes(insert={"a": (ids(2), _rows([1, 2, 3]))}))
    _same(store.vectors("a", ids(2))[0], [[1, 2, 3]])


def _only_the_last_space_of_an_item_counts(store, ids):
    store.write(Changes(insert={"a": (ids(1, 2, 3), _rows([3, 0], [2, 0], [1, 0]))}))
    store.write(Changes(insert={"b": (ids(2, 7), _rows([1, 0, 0], [5, 0, 0]))}))
    views = [
        View("a", _rows([1, 0]), "inner_product"),
        View("b", _rows([1, 0, 0]), "inner_product"),
    ]
    old, new = (found for found, _ in store.search(views, 5))
    _same(old, [ids(1, 3)])
    _same(new, [ids(7, 2)])
    _same(store.ids("a", ["b"]), ids(1, 3))
    _same(store.ids("a", ["b"], ids(3, 2)), ids(3))
    _same(store.ids("a"), ids(1, 2, 3))
    (alone,) = (found for found, _ in store.search(views[:1], 5))
    _same(alone, [ids(1, 2, 3)])
    store.write(Changes(insert={"b": (ids(1), _rows([0, 1, 0]))}))
    _same(store.search(views, 5)[0][0], [ids(3)])
    store.write(Changes(delete={"b": ids(2)}))
    _same(store.search(views, 5)[0][0], [ids(2, 3)])


def _a_filter_leaves_what_it_names(store, ids):
    vectors = _rows([4, 0], [3, 0], [2, 0], [1, 0])
    store.write(Changes(insert={"a": (ids(1, 2, 3, 4), vectors)}))
    view = View("a", _rows([1, 0], [-1, 0]), "inner_product")
    ((found, _),) = store.search([view], 2, ids(4, 9, 2, 3))
    _same(found, [ids(2, 3), ids(4, 3)])
    ((found, _),) = store.search([view], 2, ids(8))
    assert found.shape == (2, 0)


def _a_step_that_fails_changes_nothing(store, ids):
    first = Changes(insert={"a": (ids(1, 2), _rows([1, 0], [0, 1]))}, state={"n": 1})
    store.write(first)
    insert = {"b": (ids(5), _rows([1, 1])), "a": (ids(3, 2), _rows([1, 1], [2, 2]))}
    _raises(ValueError, store, Changes(insert=insert, state={"n": 2}))
    assert len(store.ids("b")) == 0, "half of it was written"
    delete = {"a": ids(1, 8)}
    _raises(KeyError, store, Changes(delete=delete, state={"n": 2}))
    wide = {"a": (ids(6), _rows([1, 2, 3]))}
    _raises(ValueError, store, Changes(insert=wide))
    other = as_ids(["x"]) if ids(1).dtype.kind == "i" else as_ids([1])
    _raises(ValueError, store, Changes(insert={"a": (other, _rows([1, 2]))}))


def _a_step_after_another_state_is_refused(store, ids):
    first = {"a": (ids(1), _rows([1, 0]))}
    store.write(Changes(insert=first, state={"n": 1}))
    second = {"a": (ids(2), _rows([1, 0]))}
    _raises(StateChangedError, store, Changes(insert=second, after={"n": 0}))
    store.write(Changes(insert=second, after={"n": 1}, state={"n": 2}))
    _same(store.ids("a"), ids(1, 2))


def _many_rows_are_found_as_a_plain_search_does(store, ids):
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(700, 8)).astype(np.float32)
    names = ids(*range(700))
    for start in range(0, 700, 100):
        part = slice(start, start + 100)
        store.write(Changes(insert={"a": (names[part], vectors[part])}))
    gone = rng.permutation(700)[:200]
    store.write(Changes(delete={"a": names[gone]}))
    queries = rng.normal(size=(5, 8)).astype(np.float32)
    scores = queries @ vectors.T
    scores[:, gone] = -np.inf
    expected = np.argsort(-scores, axis=1)[:, :20]
    ((found, _),) = store.search([View("a", queries, "inner_product")], 20)
    _same(found, names[expected])


_CHECKS = [
    _an_empty_store_has_nothing,
    _vectors_come_back_as_they_were,
    _the_nearest_come_first,
    _equal_scores_come_in_order_of_arrival,
    _what_is_deleted_is_not_found,
    _only_the_last_space_of_an_item_counts,
    _a_filter_leaves_what_it_names,
    _a_step_that_fails_changes_nothing,
    _a_step_after_another_state_is_refused,
    _many_rows_are_found_as_a_plain_search_does,
]
