"""skorch nets: in-memory batches, a lean training loop, the default network."""

from sklearn_graceful.nn._batches import (
    InMemoryBatches,
    numbered_batches,
    take_tables,
    use_in_memory_batches,
)
from sklearn_graceful.nn._classifier import InMemoryClassifier, count_classes
from sklearn_graceful.nn._companions import CompanionRows, check_takes_companions
from sklearn_graceful.nn._contrasts import Contrasts, with_outputs
from sklearn_graceful.nn._copies import shallow_copy
from sklearn_graceful.nn._cost import ModelCost, model_cost
from sklearn_graceful.nn._curvature import Curvature, kronecker_curvature
from sklearn_graceful.nn._device import resolve_device
from sklearn_graceful.nn._elastic import ElasticModule, elastic_net, net_at_width
from sklearn_graceful.nn._embed import as_target, embed, set_sizes, takes_width
from sklearn_graceful.nn._embedding_net import EmbeddingMLP, embedding_net
from sklearn_graceful.nn._frozen_trunk import FrozenTrunk
from sklearn_graceful.nn._interrupts import ended_by_interrupts
from sklearn_graceful.nn._leaky_relu import to_leaky_relu
from sklearn_graceful.nn._length import KnownLength, log_losses
from sklearn_graceful.nn._linearized import (
    LinearizedModule,
    NotLinearizableError,
    last_linear,
    selected_names,
)
from sklearn_graceful.nn._loop import LeanEpochs, first_output, train_net
from sklearn_graceful.nn._mlp import MLP, mlp_net
from sklearn_graceful.nn._outputs import (
    Probabilities,
    check_output_width,
    output_kind,
    to_logits,
)
from sklearn_graceful.nn._own_fit import fit_as_it_is
from sklearn_graceful.nn._packed_module import NotPackableError, PackedModule
from sklearn_graceful.nn._packed_net import (
    PackedClassifier,
    pack,
    packed_mlp_net,
    trains_alike_when_packed,
)
from sklearn_graceful.nn._row_numbers import (
    check_draws_any_rows,
    check_splits_any_rows,
)
from sklearn_graceful.nn._seeding import fixed_seed, isolated_randomness
from sklearn_graceful.nn._tangent_kernel import Derivatives, TangentKernel
from sklearn_graceful.nn._weights import (
    copy_weights,
    interpolate_weights,
    load_weights,
)

__all__ = [
    "MLP",
    "CompanionRows",
    "Contrasts",
    "Curvature",
    "Derivatives",
    "ElasticModule",
    "EmbeddingMLP",
    "FrozenTrunk",
    "InMemoryBatches",
    "InMemoryClassifier",
    "KnownLength",
    "LeanEpochs",
    "LinearizedModule",
    "ModelCost",
    "NotLinearizableError",
    "NotPackableError",
    "PackedClassifier",
    "PackedModule",
    "Probabilities",
    "TangentKernel",
    "as_target",
    "check_draws_any_rows",
    "check_output_width",
    "check_splits_any_rows",
    "check_takes_companions",
    "copy_weights",
    "count_classes",
    "elastic_net",
    "embed",
    "embedding_net",
    "ended_by_interrupts",
    "first_output",
    "fit_as_it_is",
    "fixed_seed",
    "interpolate_weights",
    "isolated_randomness",
    "kronecker_curvature",
    "last_linear",
    "load_weights",
    "log_losses",
    "mlp_net",
    "model_cost",
    "net_at_width",
    "numbered_batches",
    "output_kind",
    "pack",
    "packed_mlp_net",
    "resolve_device",
    "selected_names",
    "set_sizes",
    "shallow_copy",
    "take_tables",
    "takes_width",
    "to_leaky_relu",
    "to_logits",
    "train_net",
    "trains_alike_when_packed",
    "use_in_memory_batches",
    "with_outputs",
]
