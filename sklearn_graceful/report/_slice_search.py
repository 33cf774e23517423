"""Find slices that an update has lost: on one half of the rows, for the other."""

import numpy as np
from sklearn.tree import DecisionTreeRegressor

from sklearn_graceful.report._rules import Condition, Rule
from sklearn_graceful.report._slices import Part

# Candidates that are tested on the other half: each costs the others certainty.
_MOST_FOUND = 8
# What a reader can keep in mind, and rows that are enough to find it.
_DEPTH, _ROWS_OF_SEARCH = 3, 50_000
_COLUMNS_ALONE = 50
# Of a found slice, in better ones.
_OVERLAP = 0.6
_SEED = 0


def found_parts(columns, outcomes, tolerance, min_rows):
    """Parts of the rows in which one half of them has lost most, by trees.

    Parameters
    ----------
    columns : dict of Column by name
        Of all rows.
    outcomes : Outcomes
        Of all rows.
    tolerance : float
        Loss of accuracy that is none.
    min_rows : int
        Fewest rows of a slice in either half.

    Returns
    -------
    parts : list of Part
        To be tested on the other half.
    """
    if not columns:
        return []
    rng = np.random.default_rng(_SEED)
    searched = _half(outcomes, rng)
    rows = rng.permutation(np.flatnonzero(searched))[:_ROWS_OF_SEARCH]
    names, matrix = _matrix(columns, rows)
    if not names:
        return []
    loss = -outcomes.gain[rows].astype(np.float64) - tolerance
    weight = None if outcomes.weight is None else outcomes.weight[rows]
    leaf = max(min_rows, len(rows) // 200)
    rules = _rules(matrix, names, loss, weight, leaf, depth=_DEPTH)
    for j in range(min(len(names), _COLUMNS_ALONE)):
        own = matrix[:, [j]], [names[j]]
        rules |= _rules(*own, loss, weight, leaf, depth=2)
    best = _disjoint(sorted(rules, key=rules.get, reverse=True), columns, searched)
    return [
        Part(str(rule), "found", mask, mask & ~searched, rule)
        for rule, mask in best
        if np.count_nonzero(mask & ~searched) >= min_rows
    ]


def _half(outcomes, rng):
    """Mask of a half of the rows, or of the groups."""
    if outcomes.group is None:
        return rng.permutation(len(outcomes)) < len(outcomes) // 2
    n_groups = outcomes.group.max() + 1
    return (rng.permutation(n_groups) < n_groups // 2)[outcomes.group]


def _matrix(columns, rows):
    """What each column of a matrix asks, and the matrix."""
    names, parts = [], []
    for column in columns.values():
        values = column.values[rows]
        if column.is_numeric:
            names.append((column, None))
            parts.append(values)
            continue
        for level in column.levels:
            names.append((column, str(level)))
            parts.append(np.where(values == level, 0.0, 1.0))
    return names, np.column_stack(parts) if parts else None


def _rules(matrix, names, loss, weight, leaf, depth):
    """Rules of the nodes of a tree in which more is lost than in all, by certainty."""
    if len(matrix) < 2 * leaf:
        return {}
    tree = DecisionTreeRegressor(
        max_depth=depth, min_samples_leaf=leaf, random_state=_SEED
    )
    tree = tree.fit(matrix, loss, sample_weight=weight).tree_
    mean = tree.value[:, 0, 0]
    rules, stack = {}, [(0, Rule())]
    while stack:
        node, rule = stack.pop()
        if node and mean[node] > max(mean[0], 0):
            spread = np.sqrt(max(tree.impurity[node], 1e-12))
            rules[rule] = mean[node] * np.sqrt(tree.n_node_samples[node]) / spread
        if tree.children_left[node] >= 0:
            within, beyond = _split(*names[tree.feature[node]], tree.threshold[node])
            stack.append((tree.children_left[node], rule.narrowed(within)))
            stack.append((tree.children_right[node], rule.narrowed(beyond)))
    return rules


def _split(column, level, threshold):
    """Conditions of both sides of a node."""
    if level is None:
        return tuple(Condition(column.name, r, float(threshold)) for r in ("<=", ">"))
    return tuple(Condition(column.name, relation, level) for relation in ("=", "!="))


def _disjoint(rules, columns, searched):
    """The best rules and their rows, none of which lies mostly in better ones."""
    best = []
    for rule in rules:
        mask = rule.mask(columns)
        n_rows = np.count_nonzero(mask & searched)
        taken = [np.count_nonzero(mask & other & searched) for _, other in best]
        if all(shared <= _OVERLAP * n_rows for shared in taken):
            best.append((rule, mask))
        if len(best) == _MOST_FOUND:
            break
    return best
