"""Exact search of a gallery, block by block; public inside the package only."""

from sklearn_graceful.search._columns import (
    check_labels,
    check_partitions,
    check_weight,
    chunks,
)
from sklearn_graceful.search._nearest import check_k, highest, nearest
from sklearn_graceful.search._ranks import first_rank, relevant_ranks
from sklearn_graceful.search._search import LabelledSearch
from sklearn_graceful.search._vectors import (
    check_have_directions,
    check_unit_rows,
    old_view,
    unit_rows,
)

__all__ = [
    "LabelledSearch",
    "check_have_directions",
    "check_k",
    "check_labels",
    "check_partitions",
    "check_unit_rows",
    "check_weight",
    "chunks",
    "first_rank",
    "highest",
    "nearest",
    "old_view",
    "relevant_ranks",
    "unit_rows",
]
