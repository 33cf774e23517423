"""Linear quadratic fine-tuning."""

import copy
import io
from numbers import Integral, Real

import numpy as np
import torch
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_array
from sklearn.utils.validation import _num_samples, check_is_fitted, validate_data

from sklearn_graceful._arguments import check_choice, check_share
from sklearn_graceful._containers import as_readable_rows
from sklearn_graceful._front_door import ReplacesModelMixin
from sklearn_graceful._labels import check_same_label_kind, class_index
from sklearn_graceful._row_arguments import (
    check_container,
    check_labels,
    check_stored,
)
from sklearn_graceful.classification._calibration_rows import calibration_splits
from sklearn_graceful.classification._flip_budget import farthest_within
from sklearn_graceful.classification._lqf import (
    SOLVERS,
    QuadraticFit,
    first_network,
    is_same_network,
    is_to_be_trained,
    old_network,
    trained_network,
)
from sklearn_graceful.flip_control import flip_times, trace_path
from sklearn_graceful.nn import Curvature
from sklearn_graceful.reference import as_reference, looks_up_numbers
from sklearn_graceful.training import OldAnswers, Training

_DTYPES = {"float32": torch.float32, "float64": torch.float64}
_OF_PROBLEM = (
    "params",
    "ridge",
    "target_scale",
    "anchor",
    "solver",
    "max_iter",
    "max_nfr",
)
_TENSORS = (
    "linear_",
    "_design",
    "_fit",
    "_update",
    "_curvature",
    "_calibration_rows",
    "_device",
)
# Rows that show what kind of outputs a network has.
_SEEN = 256


class LQFClassifier(ReplacesModelMixin, ClassifierMixin, BaseEstimator):
    """Fine-tune a network as a problem of least squares, with one solution.

    The network is linearised around its weights w0, ``f(x) = f(x; w0) + J(x) d``, and
    the change of the weights d is that of the least squares::

        sum_i w_i |J(x_i) (d - d_old) - a_i onehot(y_i)|^2
            + sum_i v_i |J(x_i) (d - d_old)|^2
            + (d - d_old)' G (d - d_old) + ridge * |d - d_old|^2

    over logits whose mean over the classes is 0; a_i is what the logit of the right
    class lacks before the update to exceed all others by `target_scale`, and 0 where it
    does, so that rows stay where nothing is wrong with them. With the old model's
    network, ``d = d_old`` IS the old model, v_i is `flip_weight` where it is right, and
    G, the `anchor`, says what a change of d does to the outputs on rows learned
    earlier, without these rows. The result does not depend on seed, batches or order of
    the rows. What a linear model allows is exact and cheap here: further rows, rows to
    be forgotten, each row's influence, predictions without each row, and the way from
    the old model to the new one, on which a row that the old one has right is lost
    once or never.

    What predicts is always the linearised network: one pass in forward mode, about
    twice the time of the network itself. Later updates are linearised around the same
    w0.

    Where nothing is said otherwise the network is the old model's. Without one that
    could be fine-tuned:

    * `module` is a torch module or a *fitted* net, such as a pretrained backbone: its
      last linear layer is replaced by one that is fitted to the rows, and all layers
      are then fine-tuned around it, those before the last as far as 5 folds of the rows
      say. Without a second row of any class, only the last.
    * `module` is an unfitted skorch net, or None (the default network on scaled rows):
      it is trained plainly first.

    Parameters
    ----------
    module : torch.nn.Module, skorch net, Pipeline that ends in one, or None
        The network to start from; None: the old model's. It is never changed, and
        ``clone`` keeps it as it is.
    old_model : object, default=None
        The fitted model that is being replaced, anything that
        :class:`ReferenceModel` takes; of a :class:`ModelHistory` the newest version.
        An LQFClassifier brings along what `anchor` needs.
    params : str, default="all"
        Which weights change, see :class:`~sklearn_graceful.nn.LinearizedModule`:
        ``"all"``, ``"last"``, or a regular expression for their names.
    ridge : float or "loo", default="loo"
        ``"loo"``: that with the fewest negative flips among those within half a point
        of the fewest errors, on each row by a fit without it and among the classes of
        `y`; of 17 between 1e-5 and 1000 times the mean squared length of an output's
        gradient. An anchor is multiplied in the same way, by .1 to 10,000. Where all
        rows would take long, as with conjugate gradients or batches, at most 1,000
        judge this, by one kernel for all outputs where these are many. Rows that the
        old network was trained on are no honest judges: leave them to `anchor`. Without
        an old network it is the log-loss on 5 folds.
    target_scale : float or "auto", default="auto"
        What the right class's logit shall exceed the others by. ``"auto"``: what the
        old network's right logit and the largest other one differ by in the median row.
        If `ridge` is ``"loo"`` and `y` shows all classes, twice, 4 or 8 times that are
        tried with it; of equals the least. Without an old network 1.
    anchor : {"kfac", "data"}, Curvature or None, default="kfac"
        What keeps outputs on rows that earlier LQFClassifiers have learned.

        * ``"kfac"``: two small matrices for each layer
          (:class:`~sklearn_graceful.nn.Curvature`), which an LQFClassifier as the old
          model brings along. Of another old model nothing is known: pass
          ``kronecker_curvature(LinearizedModule(network), [X_old])``.
        * ``"data"``: the rows themselves, exactly.
        * None: nothing.

        Where `y` shows only some of the classes, no more than `max_nfr` (None: .01) of
        the rows that were learned earlier may be lost, in expectation by the curvature:
        the anchor is made as strong as that takes, if `ridge` is ``"loo"``. Where all
        rows are of new classes, the shares of these that are wrong, left out, and of
        earlier rows that are lost count alike.
    flip_weight : float, default=0.0
        How much it costs to move the outputs of rows that the old model has right. If
        the network is not the old model's, how much more their labels count.
    solver : {"auto", "cholesky", "dual", "cg", "sgd"}, default="auto"
        All lead to the same solution.

        * ``"cholesky"``: a matrix of all weights; up to 2,000 of these by ``"auto"``.
        * ``"dual"``: a matrix of all outputs of all rows but one a row; up to 3,000,
          where the Jacobian of all of them takes no more than 1 GiB.
        * ``"cg"``: conjugate gradients, in memory for a batch; else. To a residual of a
          thousandth; as exact as the others in float64.
        * ``"sgd"``: batches in random order, near the solution only.

        What layers yield in front of all weights that change is computed once, where
        that takes no more than 1 GiB for all rows. A ridge is chosen, and ``"dual"``
        solved, with blocks of derivatives of at most 1 GiB, a few at a time; ``"cg"``
        and ``"sgd"`` also need two matrices for each layer.
    max_iter : int, default=None
        Steps of ``"cg"`` (None: 1000), passes of ``"sgd"`` over the rows (30).
    max_nfr : float, default=None
        Budget of negative flips, in [0, 1): accepted share of rows that the old
        model has right and this one wrong, in expectation over draws of the calibration
        rows. The update is then gone only as far as these allow, in one set of weights.
        Rows that the old model was trained on are no honest calibration rows.
    calibration : float, default=0.2
        Share of the rows that is kept for `max_nfr`, in (0, 1).
    dtype : {"float32", "float64"}, default="float32"
        The network's. Matrices are always solved in double precision.
    random_state : int, RandomState or None, default=None
        Seed of what is random: the calibration rows, ``"sgd"``, training of an unfitted
        net.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Classes of `y` and of the old network, sorted.
    linear_ : LinearizedModule
        What predicts; on the old network's device.
    step_ : float
        How far the update is gone, from 0 (the old model) to 1.
    ridge_, target_scale_ : float
        As they were used.
    anchor_strength_ : float
        What the anchor, and the small ridge beside it, were multiplied by; 1 without.
    n_iter_ : int
        Steps, or passes over the rows, of the last solution; 1 of a direct one.
    temperature_ : float
        That logits are divided by for probabilities, from predictions of rows by
        fits without them.
    flip_times_ : ndarray of shape (n_calibration,)
        Step at which each calibration row is lost that the old model has right; inf for
        all others. Only with `max_nfr`.
    reference_ : ReferenceModel or None
        The old model.
    transformers_ : list
        Fitted, of the old model's Pipeline: rows pass them before the network.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features,)
        Column names of X, where it has string names.

    See Also
    --------
    PCClassifier : Train any new model with few flips.
    FlipControlledClassifier : A budget of flips for any two models.

    Notes
    -----
    The rows that were learned are kept, as they are in nearest neighbours and kernel
    methods, since a later row may change what an earlier one says. Without them, and
    without the old model, is :meth:`standalone`.

    `partial_fit` and `forget` equal a fit of the rows that are then left, with the same
    ridge and scale and around the same w0. A net that was trained, or a last layer that
    was fitted, on rows that are forgotten still knows them: w0 should be older than
    they are.

    References
    ----------
    Achille et al., "LQF: Linear Quadratic Fine-Tuning", CVPR 2021.

    Angelopoulos et al., "Conformal Risk Control", ICLR 2024.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_graceful import LQFClassifier, PCClassifier
    >>> from sklearn_graceful.nn import mlp_net
    >>> X, y = load_digits(return_X_y=True)
    >>> old = PCClassifier(mlp_net((32,)), random_state=0).fit(X[:200] / 16, y[:200])
    >>> new = LQFClassifier(old_model=old).fit(X[200:400] / 16, y[200:400])
    >>> new.score(X[400:] / 16, y[400:]) > old.score(X[400:] / 16, y[400:])
    True
    >>> bool((new.set_step(0).predict(X / 16) == old.predict(X / 16)).all())
    True
    """

    # With metadata routing on, no user has to call set_fit_request.
    __metadata_request__fit = {"old_model": True, "old_proba": True, "critical": True}

    def __init__(
        self,
        module=None,
        *,
        old_model=None,
        params="all",
        ridge="loo",
        target_scale="auto",
        anchor="kfac",
        flip_weight=0.0,
        solver="auto",
        max_iter=None,
        max_nfr=None,
        calibration=0.2,
        dtype="float32",
        random_state=None,
    ):
        self.module = module
        self.old_model = old_model
        self.params = params
        self.ridge = ridge
        self.target_scale = target_scale
        self.anchor = anchor
        self.flip_weight = flip_weight
        self.solver = solver
        self.max_iter = max_iter
        self.max_nfr = max_nfr
        self.calibration = calibration
        self.dtype = dtype
        self.random_state = random_state

    @property
    def _kept_by_clones(self):
        # A fitted net would be reset. It is never changed here.
        return () if is_to_be_trained(self.module) else ("module",)

    def __getstate__(self):
        # As in skorch: tensors are torch's to write, in one piece as they are shared.
        state = dict(super().__getstate__())
        tensors = {name: state.pop(name) for name in _TENSORS if name in state}
        file = io.BytesIO()
        torch.save(tensors, file)
        return state | {"_tensors": file.getvalue()}

    def __setstate__(self, state):
        state = dict(state)
        file = io.BytesIO(state.pop("_tensors"))
        where = None if torch.cuda.is_available() else "cpu"
        tensors = torch.load(file, map_location=where, weights_only=False)
        super().__setstate__(state | tensors)

    def fit(
        self,
        X,
        y,
        *,
        old_model=None,
        old_proba=None,
        sample_weight=None,
        critical=None,
    ):
        """Solve for the change of the weights.

        Parameters
        ----------
        X : array-like of shape (n, ...)
            Rows, as the old model takes them; a Pipeline's steps before its network are
            passed.
        y : array-like of shape (n,)
            Labels; classes that the old network does not know are welcome, if its last
            layer is linear.
        old_model : object, default=None
            Goes before the constructor's.
        old_proba : array-like of shape (n, n_old_classes) or (n,), default=None
            The old model's stored answers on these rows, which tell where it is right;
            goes before asking it. As for :class:`PCClassifier`.
        sample_weight : array-like of shape (n,), default=None
            Weight of each row's squares.
        critical : array-like of shape (n,), default=None
            Rows whose correctness may not be lost. Where the old model is right, the
            row's weight is multiplied by ``1 + critical``; True counts as 10.

        Returns
        -------
        self : LQFClassifier

        Raises
        ------
        ValueError
            If a parameter is out of range, row counts differ, X is not what it should
            be, old and new labels are of different kinds, or new classes cannot be
            added to the network; if `max_nfr` comes without an old network; if `module`
            has the old network's weights in other layers.
        TypeError
            If the old model is no network and there is no `module`, or this is none.
        NotLinearizableError
            If torch has no derivative of a layer.
        NotFittedError
            If the old model is not fitted.
        """
        return self._learn(X, y, old_model, old_proba, sample_weight, critical)

    def _learn(self, X, y, old_model, old_proba, sample_weight, critical, classes=None):
        self._check_params()
        with self._refit():
            training = self._training(
                X, y, old_model, old_proba, sample_weight, critical
            )
            with training.own_randomness():
                network = self._find_network(training, classes)
                self._solve(network, training)
        return self

    def partial_fit(self, X, y, classes=None, *, sample_weight=None, critical=None):
        """Learn further rows: exactly as if they had been among those of `fit`.

        Parameters
        ----------
        X : array-like of shape (n, ...)
            Rows.
        y : array-like of shape (n,)
            Labels, of classes that the first call has seen or named.
        classes : array-like of shape (n_classes,), default=None
            All labels, if the first call, which is a `fit`, does not show them all.
        sample_weight, critical : array-like of shape (n,), default=None
            As for `fit`.

        Returns
        -------
        self : LQFClassifier

        Raises
        ------
        ValueError
            If there is a new class, or this is a standalone copy.
        """
        if not hasattr(self, "linear_"):
            return self._learn(X, y, None, None, sample_weight, critical, classes)
        self._problem().add(self._further_targets(X, y, sample_weight, critical))
        return self._take_solution()

    def forget(self, X, y, *, sample_weight=None, critical=None):
        """Forget rows: exactly as if they had never been learned.

        Parameters
        ----------
        X : array-like of shape (n, ...)
            Rows that were learned.
        y : array-like of shape (n,)
            Their labels.
        sample_weight, critical : array-like of shape (n,), default=None
            As they were learned.

        Returns
        -------
        self : LQFClassifier

        Raises
        ------
        ValueError
            If a row was not learned, or not so often, with this label and weight; if
            none would be left; if this is a standalone copy.
        """
        self._problem().remove(self._further_targets(X, y, sample_weight, critical))
        return self._take_solution()

    def set_step(self, t):
        """Go only a part of the way from the old model to the new one.

        Parameters
        ----------
        t : float
            From 0 (the old model) to 1.

        Returns
        -------
        self : LQFClassifier
            Changed in place.

        Raises
        ------
        ValueError
            If `t` is out of range, or there is no old network.
        """
        check_is_fitted(self, "linear_")
        check_share("t", t, "both")
        self._check_starts_from_old()
        return self._go_to(float(t))

    def predict(self, X):
        """Predict class labels.

        Parameters
        ----------
        X : array-like of shape (n, ...)
            Rows.

        Returns
        -------
        y : ndarray of shape (n,)
        """
        check_is_fitted(self, "linear_")
        return self.classes_[self._logits(X).argmax(axis=1)]

    def decision_function(self, X):
        """Logits, with a mean of 0 over the classes.

        Parameters
        ----------
        X : array-like of shape (n, ...)
            Rows.

        Returns
        -------
        logits : ndarray of shape (n, n_classes), or (n,) for two classes
            Of two classes, by how much the second exceeds the first.
        """
        check_is_fitted(self, "linear_")
        logits = self._logits(X)
        return logits[:, 1] - logits[:, 0] if logits.shape[1] == 2 else logits

    def predict_proba(self, X):
        """Predict class probabilities: softmax of logits over ``temperature_``.

        Parameters
        ----------
        X : array-like of shape (n, ...)
            Rows.

        Returns
        -------
        proba : ndarray of shape (n, n_classes)
            Columns in the order of ``classes_``.
        """
        check_is_fitted(self, "linear_")
        return softmax(self._logits(X) / self.temperature_, axis=1)

    def loo_predict_proba(self):
        """Probabilities of each learned row by a fit without it, with the same ridge.

        Returns
        -------
        proba : ndarray of shape (n, n_classes)
            At ``step_ = 1``, in the order of the rows that are known.

        Raises
        ------
        ValueError
            If the solver is neither ``"cholesky"`` nor ``"dual"``, or this is a
            standalone copy.
        """
        logits = self._exact_problem("loo_predict_proba").left_out_logits()
        return softmax(logits / self.temperature_, axis=1)

    def influence(self, X):
        """By how much each learned row changes the logits of other rows.

        Parameters
        ----------
        X : array-like of shape (n_asked, ...)
            Rows.

        Returns
        -------
        influence : ndarray of shape (n_asked, n, n_classes)
            Logits at ``step_ = 1``, less those of a fit without the learned row.

        Raises
        ------
        ValueError
            As for `loo_predict_proba`.
        """
        problem = self._exact_problem("influence")
        return problem.influence(self._tensor(self._check_X(X))).cpu().numpy()

    def update_path(self, X, y):
        """NFR and accuracy at all steps, on labelled rows of one's choice.

        Parameters
        ----------
        X : array-like of shape (n, ...)
            Rows.
        y : array-like of shape (n,)
            Labels.

        Returns
        -------
        path : UpdatePath
            Arrays ``t``, ``nfr`` and ``accuracy``; ``step_`` is among ``t``.

        Raises
        ------
        ValueError
            If there is no old network, or the number or kind of labels is wrong.
        """
        check_is_fitted(self, "linear_")
        self._check_starts_from_old()
        y = check_labels(y, _num_samples(X))
        check_same_label_kind(classes_=self.classes_, y=y)
        old, new = self._ends(self._tensor(self._check_X(X)))
        return trace_path(old, new, class_index(y, self.classes_), chosen=self.step_)

    def standalone(self):
        """A copy that predicts the same and holds no rows and no old model.

        As the old model of a next update it still has what ``anchor="kfac"`` needs.

        Returns
        -------
        other : LQFClassifier
        """
        check_is_fitted(self, "linear_")
        return self._without_predecessors({})

    def _without_predecessors(self, memo):
        if not hasattr(self, "linear_"):
            return super()._without_predecessors(memo)
        other = copy.copy(self)
        # One with a step of its own.
        other._design = copy.deepcopy(self._design)
        other.linear_ = other._design.linear
        other._curvature = self._learned_curvature()
        other.reference_ = other.old_model = other.module = other._reference = None
        other._fit = other._calibration_rows = None
        return other

    # Where it starts

    def _training(self, X, y, old_model, old_proba, sample_weight, critical):
        """Check what the user gave, and ask the old model about the rows.

        Of classes that are all new to it, it has no row right.
        """
        given = self._check_given(X, y, old_model, sample_weight, critical)
        training = Training(self, **given, old_proba=old_proba)
        if old_proba is not None:
            training.old_proba = check_stored(
                "old_proba", old_proba, len(training.labels)
            )
        if critical is not None and training.reference is old_proba is None:
            raise ValueError("critical needs an old model: old_model= or old_proba=.")
        reference, classes = training.reference, training.classes
        known = None if reference is None else reference.classes_
        if known is not None and old_proba is None:
            check_same_label_kind(old_model=known, y=classes)
            if not np.isin(classes, known).any():
                nothing = np.zeros(len(training.y), dtype=bool)
                proba = np.zeros((len(training.y), len(classes)))
                none = np.zeros(len(classes), dtype=bool)
                training.old = OldAnswers(proba, nothing, nothing, none)
        _ = training.old  # what looks wrong with it is said at once
        return training

    def _find_network(self, training, classes):
        """The network to start from, once it has seen some rows."""
        network = self._network_of_old(training)
        self._starts_from_old = network is not None
        if network is None and training.reference is not None and self.module is None:
            raise TypeError(
                "The old model is no network that could be fine-tuned: module= must "
                "say which one to start from."
            )
        if network is None and is_to_be_trained(self.module):
            network = trained_network(self.module, training, self._dtype)
        elif network is None:
            network = first_network(self.module, self._dtype)
        self.transformers_ = network.transformers
        self._looks_up = looks_up_numbers(network.module)
        self._device = next(network.module.parameters()).device
        training.X = self._check_X(training.raw)
        network = network.seen(self._tensor(training.X)[:_SEEN])
        if self._starts_from_old and network.classes is None:
            network = network.of_classes(training.classes)
            training.reference = as_reference(
                training.reference.model, classes=training.classes
            )
        self.reference_, self.classes_ = training.reference, training.classes
        for name, more in (("old_model", network.classes), ("classes", classes)):
            if more is not None:
                check_same_label_kind(**{name: np.asarray(more), "y": training.classes})
                self.classes_ = np.union1d(self.classes_, more)
        if len(self.classes_) < 2:
            raise ValueError(
                f"Two classes are needed, y has 1 class: {self.classes_.tolist()}."
            )
        return network

    def _network_of_old(self, training):
        """The old model's network; None if that is not where to start."""
        if training.reference is None:
            return None
        newest = training.reference.versions[-1]
        network = old_network(newest.model, newest.classes_, self._dtype)
        if self.module is None or self.module is newest.model:
            return network
        if network is None or is_to_be_trained(self.module):
            return None
        given = first_network(self.module, self._dtype)
        return network if is_same_network(given.module, network.module) else None

    # What is solved

    def _solve(self, network, training):
        self._calibration_rows = kept = None
        if self.max_nfr is not None:
            if not self._starts_from_old:
                raise ValueError(
                    "max_nfr needs the old model to be the network that is fine-tuned. "
                    "FlipControlledClassifier controls any two models."
                )
            ((rest, held_out),) = calibration_splits(
                float(self.calibration), training.raw, training.labels
            )
            training, kept = training.take(rest), training.take(held_out)
        params = {name: getattr(self, name) for name in _OF_PROBLEM}
        targets = self._targets(training)
        self._fit = QuadraticFit(network, self.classes_, targets, **params)
        self._design = self._fit.design
        self.linear_ = self._design.linear
        prior = self._fit.prior
        self.ridge_ = prior.ridge * prior.multiple
        self.anchor_strength_ = prior.multiple
        self.temperature_ = self._fit.temperature
        if kept is not None:
            self._calibration_rows = self._design.rows(*self._targets(kept))
        return self._take_solution()

    def _take_solution(self):
        """Go as far as may be."""
        self._update, self.target_scale_ = self._fit.update, self._fit.scale
        self.n_iter_ = self._fit.solver.n_iter
        return self._go_to(self._farthest())

    def _farthest(self):
        """How far the calibration rows allow to go; 1 without a budget."""
        if self._calibration_rows is None:
            return 1.0
        old, new = self._ends(self._calibration_rows.X)
        self.flip_times_ = flip_times(old, new, self._calibration_rows.y.cpu().numpy())
        return farthest_within(
            self.flip_times_, self.max_nfr, parameter="max_nfr", rows="calibration rows"
        )

    def _go_to(self, step):
        self.step_ = step
        with torch.no_grad():
            self.linear_.change.copy_(self._design.start + step * self._update)
        return self

    def _learned_curvature(self):
        """Of all rows so far, for the next update."""
        return self._curvature if self._fit is None else self._fit.curvature()

    def _learned_rows(self):
        return None if self._fit is None else self._fit.rows

    # Rows

    def _targets(self, training):
        """Tensors of checked rows, of class indices, weights, and the labels' shares.

        Rows without weight are left out.
        """
        weight = np.ones(len(training.y))
        if training.row_weight is not None:
            weight = training.row_weight
        used = weight > 0
        extra = np.zeros(len(weight))
        if self.flip_weight and training.old is not None:
            extra = self.flip_weight * weight * training.old.right
        whole = (weight + extra)[used]
        share = weight[used] / whole if self._starts_from_old else np.ones(len(whole))
        X = self._tensor(training.X)[torch.as_tensor(used)]
        y = np.searchsorted(self.classes_, training.labels[used])
        whole, share = (
            torch.as_tensor(numbers).to(X.device, self._dtype)
            for numbers in (whole, share)
        )
        return X, torch.as_tensor(y).to(X.device), whole, share

    def _further_targets(self, X, y, sample_weight, critical):
        X_checked = self._check_X(X)
        training = self._training(X, y, self.reference_, None, sample_weight, critical)
        training.X = X_checked
        if not np.isin(training.classes, self.classes_).all():
            raise ValueError(
                "y has classes that were unknown at the first fit: fit again, with all "
                "rows, or name all classes there (partial_fit)."
            )
        return self._targets(training)

    def _tensor(self, X):
        """Rows as the network takes them."""
        for transformer in self.transformers_:
            X = transformer.transform(X)
        X = check_array(X, allow_nd=True, input_name="X")
        # torch wants arrays that it could write to.
        X = torch.as_tensor(np.require(X, requirements=["C", "W"]))
        if X.is_floating_point() or not self._looks_up:
            X = X.to(self._dtype)
        return X.to(self._device)

    def _check_X(self, X, *, reset=False):
        check_container(X)
        # Transformers know best what they take, and all of it is checked behind them.
        X = as_readable_rows(X)
        if reset or self.transformers_:
            if reset or len(getattr(X, "shape", (0, 0))) > 1:
                validate_data(self, X, reset=reset, skip_check_array=True)
            return X
        return validate_data(self, X, reset=False, dtype="numeric", allow_nd=True)

    # What it says

    def _logits(self, X):
        X = self._tensor(self._check_X(X))
        return self._design.logits(X, self.linear_.change.detach())

    def _ends(self, X):
        """Logits of tensors before the update and after it."""
        start = self._design.start
        return (self._design.logits(X, d) for d in (start, start + self._update))

    def _problem(self):
        check_is_fitted(self, "linear_")
        if self._fit is None:
            raise ValueError("A standalone copy does not know what it has learned.")
        return self._fit

    def _exact_problem(self, name):
        problem = self._problem()
        if not problem.solver.exact:
            raise ValueError(
                f"{name} needs solver='cholesky' or 'dual', for which "
                f"{problem.rows.labels.numel()} outputs of rows and "
                f"{len(problem.update)} weights are many."
            )
        return problem

    def _check_starts_from_old(self):
        if not self._starts_from_old:
            raise ValueError("There is no old network to go back to.")

    @property
    def _dtype(self):
        return _DTYPES[self.dtype]

    def _check_params(self):
        for name, known in (
            ("solver", ("auto", *SOLVERS)),
            ("dtype", tuple(_DTYPES)),
        ):
            check_choice(name, getattr(self, name), known)
        if not isinstance(self.params, str):
            raise ValueError(
                "params must be 'all', 'last' or a regular expression, got "
                f"{self.params!r}."
            )
        is_word = self.anchor is None or isinstance(self.anchor, str)
        if not isinstance(self.anchor, Curvature) and not (
            is_word and self.anchor in ("kfac", "data", None)
        ):
            raise ValueError(
                "anchor must be 'kfac', 'data', a Curvature or None, got "
                f"{self.anchor!r}."
            )
        _check_positive("ridge", self.ridge, "loo")
        _check_positive("target_scale", self.target_scale, "auto")
        if not (isinstance(self.flip_weight, Real) and 0 <= self.flip_weight < np.inf):
            raise ValueError(f"flip_weight must be >= 0, got {self.flip_weight!r}.")
        if not (self.max_iter is None or _is_count(self.max_iter)):
            raise ValueError(f"max_iter must be 1 or more, got {self.max_iter!r}.")
        if self.max_nfr is not None:
            check_share("max_nfr", self.max_nfr)
        if not (isinstance(self.calibration, Real) and 0 < self.calibration < 1):
            raise ValueError(
                f"calibration must be a share in (0, 1), got {self.calibration!r}."
            )


def _check_positive(name, value, word):
    is_number = isinstance(value, Real) and not isinstance(value, bool | np.bool)
    is_positive = is_number and 0 < value < np.inf
    if not is_positive and not (isinstance(value, str) and value == word):
        raise ValueError(f"{name} must be positive or {word!r}, got {value!r}.")


def _is_count(value):
    is_bool = isinstance(value, bool | np.bool)
    return isinstance(value, Integral) and not is_bool and value >= 1
