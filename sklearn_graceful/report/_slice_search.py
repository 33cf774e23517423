"""Find slices that an update has lost: on one half of the rows, for the other."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from sklearn.tree import DecisionTreeRegressor

from sklearn_graceful.report._outcomes import Outcomes
from sklearn_graceful.report._rules import Condition, Rule
from sklearn_graceful.report._slices import Part

# Candidates that are tested on the other half: each costs the others certainty.
_MOST_FOUND = 8
# What a reader can keep in mind, and rows that are enough to find it.
_DEPTH, _ROWS_OF_SEARCH = 3, 50_000
_COLUMNS_ALONE = 50
# Of a found slice, in better ones.
_OVERLAP = 0.6
_REGIONS = 32
_SEED = 0


@dataclass(eq=False)
class SliceSearch:
    """Trees that look for lost accuracy on one half of the rows, or of the groups.

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
    """

    columns: dict
    outcomes: Outcomes
    tolerance: float
    min_rows: int

    def parts(self):
        """Slices that have lost most on the one half, to be tested on the other."""
        if not self.asked:
            return []
        matrix = self._matrix(self._rows)
        rules = self._rules(matrix, self.asked, _DEPTH)
        for j in range(min(len(self.asked), _COLUMNS_ALONE)):
            rules |= self._rules(matrix[:, [j]], [self.asked[j]], depth=2)
        best = self._apart(sorted(rules, key=rules.get, reverse=True))
        return [
            Part(str(rule), "found", mask, mask & ~self.searched, rule)
            for rule, mask in best
            if np.count_nonzero(mask & ~self.searched) >= self.min_rows
        ]

    def regions(self):
        """Rows of the other half, by regions in which the one half changed alike."""
        if not self.asked:
            return []
        tree = self._tree(max_leaf_nodes=_REGIONS).fit(*self._target)
        rows = self._some(~self.searched)
        leaf = tree.apply(self._matrix(rows))
        return [rows[leaf == one] for one in np.unique(leaf)]

    @cached_property
    def searched(self):
        """Mask of the rows that are looked at."""
        rng, group = np.random.default_rng(_SEED), self.outcomes.group
        if group is None:
            return rng.permutation(len(self.outcomes)) < len(self.outcomes) // 2
        n_groups = group.max() + 1
        return (rng.permutation(n_groups) < n_groups // 2)[group]

    @cached_property
    def asked(self):
        """What trees may ask: a column of numbers, or one of names and one of these."""
        return [
            (column, level)
            for column in self.columns.values()
            for level in ([None] if column.is_numeric else column.levels)
        ]

    @cached_property
    def _rows(self):
        return self._some(self.searched)

    @cached_property
    def _target(self):
        """Matrix, lost accuracy and weights of the rows that are looked at."""
        gain, weight = self.outcomes.gain, self.outcomes.weight
        weight = None if weight is None else weight[self._rows]
        return self._matrix(self._rows), -gain[self._rows].astype(float), weight

    def _some(self, mask):
        rows = np.random.default_rng(_SEED).permutation(np.flatnonzero(mask))
        return rows[:_ROWS_OF_SEARCH]

    def _matrix(self, rows):
        return np.column_stack(
            [
                column.values[rows]
                if level is None
                else (column.values[rows] != level).astype(float)
                for column, level in self.asked
            ]
        )

    def _tree(self, **size):
        leaf = max(self.min_rows, len(self._rows) // 200)
        return DecisionTreeRegressor(min_samples_leaf=leaf, random_state=_SEED, **size)

    def _rules(self, matrix, asked, depth):
        """Rules of a tree's nodes that lost more than all rows, by certainty."""
        _, loss, weight = self._target
        tree = self._tree(max_depth=depth).fit(matrix, loss, weight).tree_
        mean, n_rows = tree.value[:, 0, 0], tree.n_node_samples
        rules, stack = {}, [(0, Rule())]
        while stack:
            node, rule = stack.pop()
            if node and mean[node] > max(mean[0], self.tolerance):
                spread = np.sqrt(max(tree.impurity[node], 1e-12) / n_rows[node])
                rules[rule] = (mean[node] - self.tolerance) / spread
            if tree.children_left[node] >= 0:
                split = _split(*asked[tree.feature[node]], tree.threshold[node])
                stack.append((tree.children_left[node], rule.narrowed(split[0])))
                stack.append((tree.children_right[node], rule.narrowed(split[1])))
        return rules

    def _apart(self, rules):
        """The first rules and their rows, none of which lies mostly in earlier ones."""
        best = []
        for rule in rules:
            mask = rule.mask(self.columns)
            rows = mask & self.searched
            shared = [np.count_nonzero(rows & other) for _, other in best]
            if max(shared, default=0) <= _OVERLAP * np.count_nonzero(rows):
                best.append((rule, mask))
            if len(best) == _MOST_FOUND:
                break
        return best


def _split(column, level, threshold):
    """Conditions of both sides of a node."""
    if level is None:
        return [Condition(column.name, r, float(threshold)) for r in ("<=", ">")]
    return [Condition(column.name, relation, str(level)) for relation in ("=", "!=")]
