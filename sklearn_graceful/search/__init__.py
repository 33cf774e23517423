"""Exact search of a gallery, block by block; public inside the package only."""

from sklearn_graceful.search._columns import (
    check_labels,
    check_partitions,
    check_weight,
    chunks,
)
from sklearn_graceful.search._containers import as_column, as_vectors
from sklearn_graceful.search._nearest import check_k, highest, nearest
from sklearn_graceful.search._ranks import first_rank, relevant_ranks
from sklearn_graceful.search._search import METRICS, LabelledSearch
from sklearn_graceful.search._vectors import (
    are_of_length_one,
    are_unit_rows,
    check_has_distances,
    check_have_directions,
    check_unit_rows,
    check_vectors,
    first_coordinates,
    in_old_space,
    lengths_of,
    unit_rows,
)

__all__ = [
    "METRICS",
    "LabelledSearch",
    "are_of_length_one",
    "are_unit_rows",
    "as_column",
    "as_vectors",
    "check_has_distances",
    "check_have_directions",
    "check_k",
    "check_labels",
    "check_partitions",
    "check_unit_rows",
    "check_vectors",
    "check_weight",
    "chunks",
    "first_coordinates",
    "first_rank",
    "highest",
    "in_old_space",
    "lengths_of",
    "nearest",
    "relevant_ranks",
    "unit_rows",
]
