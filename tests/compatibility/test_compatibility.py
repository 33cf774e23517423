"""Every compatibility loss against a per-sample reference written from its formula."""

import numpy as np
import pytest
import torch
from sklearn.base import clone

from sklearn_graceful._method import as_method
from sklearn_graceful.compatibility import (
    BCT,
    BT2,
    L2,
    LCE,
    METHODS,
    Compatibility,
    Contrastive,
    Focal,
    Independent,
    Simplex,
    Task,
    VersionPrototypes,
    class_means,
    class_modes,
)
from sklearn_graceful.compatibility._simplex import simplex_vertices
from sklearn_graceful.compatibility._terms import ClassHead
from sklearn_graceful.embedding._training import EmbedderTraining
from sklearn_graceful.nn import CompanionRows, embedding_net

N, K, OLD_DIM = 14, 3, 4
# One row of class 2 alone in the old gallery: it has no neighbour of its own class.
Y = np.array([0, 1, 0, 1, 1, 0, 0, 1, 1, 0, 1, 0, 2, 0])
WIDTHS = {"wider": 6, "equal": OLD_DIM, "narrower": 3}
ROWS = np.array([12, 3, 0, 7, 9])

widths = pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)


def unit(v):
    return np.array(v, dtype=np.float64) / np.sqrt(sum(x * x for x in v))


def view(e, dim=OLD_DIM):
    """First coordinates of one vector, 0 where it has none, of unit length."""
    return unit([*e, *[0.0] * dim][:dim])


def cos(a, b):
    return sum(x * y for x, y in zip(unit(a), unit(b), strict=True))


def cross_entropy(scores, label):
    return np.log(sum(np.exp(s) for s in scores)) - scores[label]


def by_row(loss, e, rows):
    """Losses of rows; what the module returns is what each adds to their mean."""
    return loss(e, None, rows) * len(e)


def neighbourhood(scores, is_own):
    """Negative log-share of the own class; 0 where it has no member."""
    own = [np.exp(s) for s, mine in zip(scores, is_own, strict=True) if mine]
    return -np.log(sum(own) / sum(np.exp(s) for s in scores)) if own else 0.0


def random_unit(*shape, seed):
    return np.array(
        [unit(row) for row in np.random.default_rng(seed).normal(size=shape)],
        dtype=np.float32,
    )


OLD = random_unit(N, OLD_DIM, seed=1)
RIGHT = np.arange(N) % 3 != 0
MODES = VersionPrototypes(random_unit(5, OLD_DIM, seed=2), np.array([0, 0, 1, 1, 2]))
EARLIER = [
    # Of other widths, with a class that is no longer learned (-1), without class 2.
    VersionPrototypes(random_unit(3, 2, seed=3), np.array([0, 1, -1])),
    VersionPrototypes(random_unit(3, 5, seed=4), np.array([0, 1, 1])),
]
# Class means, class by class.
CENTRES = [unit(sum(OLD[i] for i in range(N) if Y[i] == k)) for k in range(K)]


def make_task(width, **changes):
    values = {
        "n_rows": N,
        "embedding_dim": width,
        "y": Y,
        "n_classes": K,
        "old": OLD,
        "right": RIGHT,
        "prototypes": MODES,
        "paragon": random_unit(N, 2, seed=5),
        "vertices": np.array([4, 0, 2]),
    }
    return Task(**values | changes)


def evaluate(method, task, rows=ROWS):
    """Embeddings, the loss by row with its gradient checked, and the loss module."""
    torch.manual_seed(0)
    loss = method.loss(task)
    embeddings = np.random.default_rng(7).normal(size=(len(rows), task.embedding_dim))
    tensor = torch.tensor(embeddings, dtype=torch.float32, requires_grad=True)
    losses = by_row(loss, tensor, torch.as_tensor(rows))
    assert losses.shape == (len(rows),)
    losses.sum().backward()
    assert torch.isfinite(tensor.grad).all()
    return embeddings, losses.detach().numpy(), loss


def head_of(loss):
    (head,) = (term for term in loss.terms if isinstance(term, ClassHead))
    return head.weight.detach().numpy()


def label_loss(loss, e, i, scale):
    return cross_entropy([scale * cos(e, w) for w in head_of(loss)], Y[i])


def check(method, width, reference, *, rows=ROWS, **changes):
    """Compare with ``reference(e, i, batch, loss)``: one row's loss by its formula."""
    task = make_task(width, **changes)
    embeddings, losses, loss = evaluate(method, task, rows)
    expected = [
        reference(e, i, list(zip(embeddings, rows, strict=True)), loss)
        for e, i in zip(embeddings, rows, strict=True)
    ]
    np.testing.assert_allclose(losses, expected, rtol=1e-4, atol=1e-4)


# The methods


@widths
def test_independent(width):
    def reference(e, i, batch, loss):
        return label_loss(loss, e, i, 8.0)

    check(Independent(head_scale=8.0), width, reference)
    check(Independent(head_scale=8.0), width, reference, old=None, right=None)


def among(e, i, prototypes):
    """The neighbourhood term of prototypes, in as many dimensions as they have."""
    vectors, labels = prototypes.vectors, prototypes.labels
    scores = [5.0 * cos(view(e, vectors.shape[1]), v) for v in vectors]
    return neighbourhood(scores, [label == Y[i] for label in labels])


@widths
@pytest.mark.parametrize(
    ("gallery", "earlier"), [("vectors", []), ("modes", EARLIER)], ids=["old", "modes"]
)
def test_focal(width, gallery, earlier):
    def reference(e, i, batch, loss):
        others = np.arange(N) != i
        gallery_of_row = (
            MODES if gallery == "modes" else VersionPrototypes(OLD[others], Y[others])
        )
        pull = sum((view(e) - OLD[i]) ** 2) if RIGHT[i] else 0.0
        return (
            label_loss(loss, e, i, 9.0)
            + 2.0 * among(e, i, gallery_of_row)
            + 0.5 * pull
            + 4.0 * sum(among(e, i, version) for version in earlier) / 2
        )

    method = Focal(
        neighbourhood=2.0,
        pull=0.5,
        scale=5.0,
        head_scale=9.0,
        earlier=4.0,
        gallery=gallery,
    )
    check(method, width, reference, earlier=earlier)


def neighbourhood_alone(**params):
    return Focal(
        neighbourhood=1.0, pull=0.0, earlier=0.0, head_scale=0.0, scale=5.0, **params
    )


def test_focal_leaves_a_row_without_others_of_its_class_alone():
    rows = np.array([12])
    embeddings, losses, loss = evaluate(neighbourhood_alone(), make_task(6), rows)
    # What is left is the class head at scale 0, which says log(K) whatever it sees.
    np.testing.assert_allclose(losses, np.log(K), rtol=1e-6)
    tensor = torch.tensor(embeddings, dtype=torch.float32, requires_grad=True)
    by_row(loss, tensor, torch.as_tensor(rows)).sum().backward()
    np.testing.assert_array_equal(tensor.grad, 0)


def test_focal_draws_old_vectors_anew_every_step():
    method = neighbourhood_alone(n_drawn=6)
    loss = method.loss(make_task(4))
    e = torch.tensor(random_unit(len(ROWS), 4, seed=8))
    rows = torch.as_tensor(ROWS)
    torch.manual_seed(3)
    first, second = (by_row(loss, e, rows).detach() for _ in range(2))
    assert not torch.allclose(first, second)
    torch.manual_seed(3)
    torch.testing.assert_close(by_row(loss, e, rows).detach(), first)
    # The same vectors, by the same draw; a row that was drawn itself does not count.
    torch.manual_seed(3)
    drawn = torch.randint(N, (6,)).tolist()
    expected = []
    for vector, i in zip(e.numpy(), ROWS, strict=True):
        others = [j for j in drawn if j != i]
        scores = [5.0 * cos(vector, OLD[j]) for j in others]
        expected.append(
            np.log(K) + neighbourhood(scores, [Y[j] == Y[i] for j in others])
        )
    np.testing.assert_allclose(first, expected, rtol=1e-4)
    # Drawn are rows in proportion: the mean of many steps is that of larger draws.
    assert set(drawn) <= set(range(N))


def test_many_prototypes_are_stood_for_by_some():
    """Those drawn count for all that are not of the row's class, which all count."""
    # Class 2 has none, and some are of a class that is no longer learned.
    labels = np.array([0, 1, -1, 1] * 20)
    many = VersionPrototypes(random_unit(80, OLD_DIM, seed=12), labels)
    e = torch.tensor(random_unit(len(ROWS), 5, seed=8))
    rows = torch.as_tensor(ROWS)

    def losses(n_drawn):
        method = neighbourhood_alone(gallery="modes", n_drawn=n_drawn)
        return by_row(method.loss(make_task(5, prototypes=many)), e, rows).detach()

    exact = losses(80)
    torch.manual_seed(0)
    some = torch.stack([losses(40) for _ in range(400)])
    # One draw differs from the next, and on average they are right.
    assert some.std(dim=0)[1:].min() > 0.05
    torch.testing.assert_close(some.mean(dim=0), exact, rtol=0.03, atol=0.0)
    assert Y[ROWS[0]] == 2
    np.testing.assert_allclose(some[:, 0], np.log(K), rtol=1e-6)


OLD_HEAD = random_unit(K, OLD_DIM, seed=9)
OLD_HEAD[2] = np.nan  # a class that the old model never learned
GIVEN = np.random.default_rng(10).normal(size=(K, OLD_DIM))  # of any length


@widths
@pytest.mark.parametrize(
    ("head", "weights", "old_head"),
    [
        ("means", CENTRES, None),
        # By default an old head does not matter.
        ("means", CENTRES, OLD_HEAD),
        ("old", [OLD_HEAD[0], OLD_HEAD[1], CENTRES[2]], OLD_HEAD),
        (GIVEN, GIVEN, None),
        (GIVEN.tolist(), GIVEN, None),
    ],
    ids=["means", "means, not the old head", "old head", "given", "given as lists"],
)
def test_bct(width, head, weights, old_head):
    def reference(e, i, batch, loss):
        scores = [20.0 * cos(view(e), w) for w in weights]
        return label_loss(loss, e, i, 9.0) + 0.7 * cross_entropy(scores, Y[i])

    method = BCT(strength=0.7, scale=20.0, head=head, head_scale=9.0)
    check(
        as_method(method, Compatibility, METHODS), width, reference, old_head=old_head
    )


@widths
def test_lce(width):
    bounds = [
        min(cos(OLD[i], CENTRES[k]) for i in range(N) if Y[i] == k) for k in range(K)
    ]

    def reference(e, i, batch, loss):
        differences = [
            (a - b) ** 2
            for w, centre in zip(head_of(loss), CENTRES, strict=True)
            for a, b in zip(view(w), centre, strict=True)
        ]
        outside = max(bounds[Y[i]] - cos(view(e), CENTRES[Y[i]]), 0)
        return (
            label_loss(loss, e, i, 9.0)
            + 6.0 * sum(differences) / len(differences)
            + 3.0 * outside
        )

    check(LCE(align=6.0, boundary=3.0, head_scale=9.0), width, reference)


NO_LABELS = {"y": None, "n_classes": 0, "prototypes": None}
labelled = pytest.mark.parametrize("changes", [{}, NO_LABELS], ids=["labels", "none"])


@widths
@labelled
def test_l2(width, changes):
    def reference(e, i, batch, loss):
        of_label = 0 if changes else label_loss(loss, e, i, 9.0)
        return of_label + 2.5 * sum((view(e) - OLD[i]) ** 2)

    check(L2(strength=2.5, head_scale=9.0), width, reference, **changes)


@widths
@pytest.mark.parametrize("weight", [None, 1.0 + np.arange(N) % 3])
def test_matching(width, weight):
    """Synthetic rows behind those of a batch are pulled to their old vectors."""
    made = random_unit(2 * N, OLD_DIM, seed=11)
    task = make_task(width, synthetic=made, weight=weight)
    drawn = np.array([5, 27, 14])
    rows = CompanionRows(torch.as_tensor(ROWS), torch.as_tensor(drawn))
    torch.manual_seed(0)
    loss = L2(strength=2.5, matching=1.5).loss(task)
    e = torch.randn(len(ROWS) + len(drawn), width)
    losses = loss(e, None, rows).detach().numpy()
    own = loss(e[: len(ROWS)], None, rows.own).detach().numpy()
    np.testing.assert_allclose(losses[: len(ROWS)], own, rtol=1e-5)
    for vector, j, value in zip(
        e[len(ROWS) :], drawn, losses[len(ROWS) :], strict=True
    ):
        factor = 1.5 if weight is None else 1.5 * weight[j % N]
        distance = sum((view(vector.tolist()) - made[j]) ** 2)
        assert value == pytest.approx(factor * distance / len(drawn), rel=1e-4)


@widths
@labelled
def test_contrastive(width, changes):
    """Negatives are of other classes, or where there are none of other rows."""

    def reference(e, i, batch, loss):
        positive = cos(view(e), OLD[i])
        negatives = [
            s
            for other, j in batch
            if (j != i if changes else Y[j] != Y[i])
            for s in (cos(view(e), OLD[j]), cos(e, other))
        ]
        of_label = 0 if changes else label_loss(loss, e, i, 9.0)
        scores = [s / 0.2 for s in (positive, *negatives)]
        return of_label + 1.5 * cross_entropy(scores, 0)

    method = Contrastive(temperature=0.2, strength=1.5, head_scale=9.0)
    check(method, width, reference, **changes)


@widths
def test_bt2(width):
    task = make_task(width)

    def reference(e, i, batch, loss):
        basis = loss.terms[1].basis.weight.detach().numpy()
        turned = [sum(q * x for q, x in zip(row, e, strict=True)) for row in basis]
        scores = [20.0 * cos(view(e), centre) for centre in CENTRES]
        return (
            label_loss(loss, e, i, 9.0)
            + 1.5 * (1 - cos(turned, task.paragon[i]))
            + 2.5 * cross_entropy(scores, Y[i])
            + 3.5 * (1 - cos(view(e), OLD[i]))
        )

    method = BT2(paragon=1.5, prototypes=2.5, direction=3.5, scale=20.0, head_scale=9.0)
    check(method, width, reference)


def test_bt2_basis_stays_orthonormal_in_training():
    loss = BT2().loss(make_task(6))
    optimizer = torch.optim.SGD(loss.parameters(), lr=0.5)
    before = loss.terms[1].basis.weight.detach().clone()
    for _ in range(5):
        optimizer.zero_grad()
        e = torch.tensor(random_unit(len(ROWS), 6, seed=11))
        by_row(loss, e, torch.as_tensor(ROWS)).sum().backward()
        optimizer.step()
    basis = loss.terms[1].basis.weight.detach()
    assert basis.shape == (2, 6)
    assert not torch.allclose(basis, before, atol=1e-2)
    torch.testing.assert_close(basis @ basis.T, torch.eye(2))


def test_bt2_widths():
    method = BT2(extra_dims=5)
    assert method.width(None, old_dim=8) == 13
    assert method.width(20, old_dim=8) == 20
    with pytest.raises(ValueError, match="embedding_dim is 5, but of that 5 are extra"):
        method.width(5, old_dim=8)


def test_the_paragon_of_bt2_is_narrower_by_the_extra_dimensions():
    X = OLD.astype(np.float32)
    training = EmbedderTraining(embedding_net(max_epochs=1), X, X, Y, seed=0)
    assert training.with_paragon(13, extra_dims=5).paragon.shape == (N, 8)


@pytest.mark.parametrize("n", [2, 3, 7, 50])
def test_simplex_vertices(n):
    vertices = simplex_vertices(n)
    assert vertices.shape == (n, n - 1)
    cosines = vertices @ vertices.T
    expected = np.where(np.eye(n, dtype=bool), 1, -1 / (n - 1))
    np.testing.assert_allclose(cosines, expected, atol=1e-12)
    np.testing.assert_allclose(vertices.sum(axis=0), 0, atol=1e-12)


def test_simplex():
    vertices = simplex_vertices(7)
    order = [4, 0, 2]  # of the three classes, by when they were first learned

    def reference(e, i, batch, loss):
        scores = [9.0 * cos(e, vertices[v]) for v in order]
        unused = [9.0 * cos(e, vertices[v]) for v in (1, 3, 5, 6)]
        return cross_entropy(scores + unused, Y[i])

    check(Simplex(n_classes=7, head_scale=9.0), 6, reference)
    # Nothing of the head is learned.
    assert not list(Simplex(n_classes=7).loss(make_task(6)).parameters())


def test_simplex_width_is_one_less_than_its_vertices():
    assert Simplex(n_classes=7).width(None, None) == 6
    assert Simplex(n_classes=7).width(6, 6) == 6
    with pytest.raises(ValueError, match="has width 6, but the embedding_dim is 8"):
        Simplex(n_classes=7).width(8, None)
    with pytest.raises(ValueError, match="has width 6, but the old width is 8"):
        Simplex(n_classes=7).width(None, 8)


def test_other_methods_are_as_wide_as_asked_or_as_the_old_one():
    for name in set(METHODS) - {"simplex", "bt2"}:
        method = as_method(name, Compatibility, METHODS)
        assert method.width(None, 12) == 12
        assert method.width(20, 12) == 20
        assert method.width(None, None) is None


# The parts


def test_a_term_of_weight_zero_is_not_computed():
    """An infinity or NaN in what is switched off would be NaN in the sum."""
    task = make_task(6, old_head=None)
    kinds = [type(term) for term in Focal(neighbourhood=0.0, pull=0.0).loss(task).terms]
    assert kinds == [ClassHead]
    none_left = L2(strength=0.0).loss(make_task(6, y=None))
    e = torch.zeros(3, 6)
    torch.testing.assert_close(by_row(none_left, e, torch.arange(3)), torch.zeros(3))


def test_consecutive_rows_may_come_as_a_slice():
    for name, method in METHODS.items():
        width = 1023 if name == "simplex" else 6
        loss = method().loss(make_task(width))
        e = torch.tensor(random_unit(4, width, seed=12))
        torch.manual_seed(0)
        by_slice = by_row(loss, e, slice(2, 6))
        torch.manual_seed(0)
        torch.testing.assert_close(
            by_slice, by_row(loss, e, torch.arange(2, 6)), msg=name
        )


def test_class_means():
    vectors = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
    means = class_means(vectors, np.array([0, 0, 1]), 2)
    np.testing.assert_allclose(means, [[0.5**0.5, 0.5**0.5], [0.6, 0.8]], rtol=1e-6)
    assert means.dtype == np.float32


def test_class_modes():
    angles = np.array([0.0, 0.1, 2.0, 2.1, 4.0, 4.0])
    vectors = np.column_stack([np.cos(angles), np.sin(angles)])
    modes = class_modes(vectors, np.array([0, 0, 0, 0, 1, 1]), 2)
    # Class 1 has one vector, twice.
    np.testing.assert_array_equal(modes.labels, [0, 0, 1])
    found = np.arctan2(modes.vectors[:, 1], modes.vectors[:, 0]) % (2 * np.pi)
    np.testing.assert_allclose(sorted(found[:2]), [0.05, 2.05], rtol=1e-5)
    np.testing.assert_allclose(found[2], 4.0, rtol=1e-5)


def test_modes_of_vectors_that_differ_by_rounding():
    """As a classifier's probabilities do: no warning, and no mode twice."""
    rng = np.random.default_rng(0)
    vectors = np.eye(3)[Y % 3] + 1e-4 * (rng.random((N, 3)) > 0.5)
    vectors = np.concatenate([vectors] * 20).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    modes = class_modes(vectors, np.tile(Y, 20), 4)
    assert set(modes.labels) == set(Y)
    assert len(modes.vectors) == len(modes.labels)


def test_repaired_targets_of_a_regressor():
    expected = []
    for i in range(N):
        own = [v for v, k in zip(MODES.vectors, MODES.labels, strict=True) if k == Y[i]]
        cosines = [cos(OLD[i], v) for v in own]
        expected.append(OLD[i] if RIGHT[i] else own[cosines.index(max(cosines))])
    np.testing.assert_allclose(Focal().targets(make_task(OLD_DIM)), expected)
    np.testing.assert_array_equal(L2().targets(make_task(OLD_DIM)), OLD)


def test_codes_of_a_classifier():
    assert Focal().codes(make_task(OLD_DIM)) is MODES
    of_means = BCT().codes(make_task(OLD_DIM))
    np.testing.assert_allclose(of_means.vectors, CENTRES, rtol=1e-5)
    np.testing.assert_array_equal(of_means.labels, [0, 1, 2])


@pytest.mark.parametrize("dim", [2, 3, 9])
def test_directions_of_a_first_release(dim):
    task = make_task(dim, old=None)
    codes = Independent().codes(task).vectors
    assert codes.shape == (K, dim)
    np.testing.assert_allclose(np.linalg.norm(codes, axis=1), 1, rtol=1e-6)
    if dim >= K:
        np.testing.assert_allclose(codes @ codes.T, np.eye(K), atol=1e-6)
    np.random.seed(0)  # noqa: NPY002
    codes = Independent().codes(task).vectors
    np.random.seed(0)  # noqa: NPY002
    np.testing.assert_array_equal(Independent().targets(task), codes[Y])


# Names and parameters


@pytest.mark.parametrize("name", METHODS)
def test_methods_by_name(name):
    method = as_method(name, Compatibility, METHODS)
    assert type(method) is METHODS[name]
    assert as_method(method, Compatibility, METHODS).get_params() == method.get_params()
    assert as_method(method, Compatibility, METHODS) is not method
    method.check_parameters()


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (Focal(neighbourhood=-1), r"Focal: neighbourhood must be a number in \[0"),
        (Focal(pull=np.nan), "Focal: pull must be a number in .*got nan"),
        (Focal(pull=np.inf), "Focal: pull must be a number in .*got inf"),
        (Focal(scale=0), "Focal: scale must be a number in"),
        (Focal(earlier=-0.1), "Focal: earlier must be a number in"),
        (Focal(n_drawn=1), r"Focal: n_drawn must be a number in \[2"),
        (Focal(n_drawn=2.5), "Focal: n_drawn must be whole, got 2.5"),
        (Focal(n_modes=0), r"Focal: n_modes must be a number in \[1"),
        (Focal(n_modes=1.5), "Focal: n_modes must be whole, got 1.5"),
        (Focal(n_modes=None), "Focal: n_modes must be a number in .*got None"),
        (Focal(head_scale=-1), "Focal: head_scale must be a number in"),
        (Focal(gallery="centres"), "Focal: gallery must be 'vectors' or 'modes', got"),
        (BCT(strength=-1), "BCT: strength must be a number in"),
        (BCT(strength="3"), "BCT: strength must be a number in .*got '3'"),
        (BCT(scale=-30), "BCT: scale must be a number in"),
        (BCT(head="new"), "BCT: head must be 'means', 'old' or class weights, got"),
        (BCT(head=[[np.nan]]), "BCT: head must hold finite numbers"),
        (BCT(head=None), "BCT: head must be 'means', 'old' or class weights, got None"),
        (LCE(align=-1), "LCE: align must be a number in"),
        (LCE(boundary=-1), "LCE: boundary must be a number in"),
        (L2(strength=-1), "L2: strength must be a number in"),
        (L2(strength=np.nan), "L2: strength must be a number in"),
        (Contrastive(temperature=0), "Contrastive: temperature must be a number in"),
        (Contrastive(strength=-1), "Contrastive: strength must be a number in"),
        (Simplex(n_classes=1), r"Simplex: n_classes must be a number in \[2"),
        (Simplex(n_classes=7.5), "Simplex: n_classes must be whole, got 7.5"),
        (BT2(paragon=-1), "BT2: paragon must be a number in"),
        (BT2(prototypes=-1), "BT2: prototypes must be a number in"),
        (BT2(direction=-1), "BT2: direction must be a number in"),
        (BT2(extra_dims=0), r"BT2: extra_dims must be a number in \[1"),
        (BT2(extra_dims=1.5), "BT2: extra_dims must be whole, got 1.5"),
        (Independent(head_scale=np.inf), "Independent: head_scale must be a number in"),
    ],
    ids=repr,
)
def test_parameters_outside_their_bounds(method, message):
    with pytest.raises(ValueError, match=message):
        as_method(method, Compatibility, METHODS)


def test_unknown_methods():
    with pytest.raises(
        ValueError, match="Unknown method 'vocal'; known are bct, bt2, contrastive"
    ):
        as_method("vocal", Compatibility, METHODS)
    for method in (3, None, Focal):
        with pytest.raises(TypeError, match="must be a name or a Compatibility, got"):
            as_method(method, Compatibility, METHODS)


def test_method_without_terms():
    class Unfinished(Compatibility):
        pass

    with pytest.raises(NotImplementedError, match="Unfinished defines no terms"):
        Unfinished().loss(make_task(6))


@pytest.mark.parametrize("name", ["lce", "contrastive", "simplex", "bt2"])
def test_losses_that_only_a_network_can_be_trained_on(name):
    method = as_method(name, Compatibility, METHODS)
    for ask in (method.targets, method.codes):
        with pytest.raises(ValueError, match=f"{type(method).__name__} is a loss that"):
            ask(make_task(OLD_DIM))


@pytest.mark.parametrize(
    ("method", "width", "message"),
    [
        (
            BCT(head=np.ones((K, OLD_DIM + 1))),
            6,
            r"head has shape \(3, 5\), .* 3 classes and",
        ),
        (BCT(head="old"), 6, "head='old' needs an old model that is a"),
        (Simplex(n_classes=4), 3, r"n_classes=4\) has no vertex left for 5"),
        (Simplex(n_classes=7), 5, "has width 6, but the embeddings have 5"),
    ],
    ids=["class weights", "old head", "vertices", "width"],
)
def test_what_a_loss_cannot_be_made_of(method, width, message):
    with pytest.raises(ValueError, match=message):
        method.loss(make_task(width))


def test_methods_are_estimators():
    method = Focal(neighbourhood=1.5)
    assert clone(method).get_params() == method.get_params()
    assert repr(method) == "Focal(neighbourhood=1.5)"
    assert method.set_params(pull=9.0).pull == 9.0


# Sample weights


def test_old_vectors_of_weight_k_count_as_k():
    weight = np.random.default_rng(8).integers(1, 4, N).astype(float)

    def reference(e, i, batch, loss):
        likeness = weight * [np.exp(5 * cos(e, vector)) for vector in OLD]
        likeness[i] = 0
        own = likeness[Y[i] == Y].sum()
        missed = np.log(likeness.sum() / own) if own else 0
        return weight[i] * (2 * missed + label_loss(loss, e, i, 16))

    check(Focal(neighbourhood=2, pull=0, scale=5.0), OLD_DIM, reference, weight=weight)


def test_prototypes_of_weight_k_are_those_of_k_repeats():
    counts = np.random.default_rng(8).integers(1, 4, N)
    repeats = np.repeat(np.arange(N), counts)
    means = class_means(OLD, Y, K, counts.astype(float))
    np.testing.assert_allclose(means, class_means(OLD[repeats], Y[repeats], K), 1e-5)
    modes = class_modes(OLD, Y, 1, counts.astype(float))
    np.testing.assert_allclose(modes.vectors, means, rtol=1e-5)
    task = make_task(OLD_DIM, weight=counts.astype(float))
    np.testing.assert_allclose(BCT().old_head(task), means, rtol=1e-5)
