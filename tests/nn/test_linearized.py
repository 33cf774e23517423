"""A module as an affine function of its weights, and its curvature by K-FAC."""

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_graceful.nn import (
    Contrasts,
    LinearizedModule,
    NotLinearizableError,
    kronecker_curvature,
    with_outputs,
)


class Last(nn.Module):
    """A layer for sequences, and a linear one on what it says last."""

    def __init__(self, layer, width):
        super().__init__()
        self.layer, self.head = layer, nn.Linear(width, 3)

    def forward(self, x):
        output = self.layer(x)
        return self.head((output[0] if isinstance(output, tuple) else output)[:, -1])


class Attention(nn.MultiheadAttention):
    def forward(self, x):
        return super().forward(x, x, x)


def conv_net():
    return nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1),
        nn.BatchNorm2d(3),
        nn.ReLU(inplace=True),
        nn.Conv2d(3, 3, 3, groups=3),
        nn.Dropout(0.5),
        nn.Flatten(),
        nn.Linear(12, 4),
        nn.Tanh(),
        nn.Linear(4, 3),
    )


def sequences():
    return torch.randn(4, 5, 6)


MODULES = {
    "linear": (lambda: nn.Linear(6, 3), lambda: torch.randn(4, 6)),
    "conv": (conv_net, lambda: torch.randn(4, 1, 4, 4)),
    "lstm": (lambda: Last(nn.LSTM(6, 4, batch_first=True), 4), sequences),
    "gru": (lambda: Last(nn.GRU(6, 4, batch_first=True), 4), sequences),
    "attention": (lambda: Last(Attention(6, 2, batch_first=True), 6), sequences),
    "transformer": (
        lambda: Last(nn.TransformerEncoderLayer(6, 2, 8, batch_first=True), 6),
        sequences,
    ),
    "weight norm": (
        lambda: nn.utils.parametrizations.weight_norm(nn.Linear(6, 3)),
        lambda: torch.randn(4, 6),
    ),
    "gated": (lambda: nn.Sequential(nn.Linear(6, 6), nn.GLU()), sequences),
}
TWICE_BACKWARD = {"lstm", "weight norm", "gated"}


@pytest.fixture(params=MODULES, name="case")
def _case(request):
    torch.manual_seed(0)
    make, rows = MODULES[request.param]
    if request.param == "gated":
        return request.param, nn.Sequential(make(), nn.Flatten()), rows()
    return request.param, make(), rows()


def moved(linear):
    """The change of the weights is a small random one."""
    with torch.no_grad():
        linear.change.copy_(0.01 * torch.randn_like(linear.change))
    return linear


def test_without_a_change_it_is_the_module(case):
    _, module, x = case
    linear = LinearizedModule(module)
    torch.testing.assert_close(linear(x), module.eval()(x))


def test_it_is_affine_and_agrees_with_its_jacobian(case):
    name, module, x = case
    linear = moved(LinearizedModule(module))
    jacobian = linear.jacobian(x)
    torch.testing.assert_close(linear(x), linear.module(x) + jacobian @ linear.change)
    assert linear._mode == ("twice backward" if name in TWICE_BACKWARD else "forward")


def test_products_with_the_transposed_jacobian(case):
    _, module, x = case
    linear = LinearizedModule(module)
    numbers = torch.randn_like(linear(x))
    by_hand = torch.einsum("nk,nkp->p", numbers, linear.jacobian(x))
    torch.testing.assert_close(linear.vjp(x, numbers), by_hand, atol=1e-5, rtol=1e-4)


def test_the_jacobian_of_combinations_of_outputs_by_some_weights(case):
    _, module, x = case
    linear = LinearizedModule(module)
    directions = torch.randn(2, linear(x).shape[1])
    some = linear.names[1:]
    where = [linear.slices()[name] for name in some]
    by_hand = torch.cat([linear.jacobian(x)[..., s] for s in where], dim=2)
    found = linear.jacobian(x, directions, some)
    torch.testing.assert_close(found, directions @ by_hand, atol=1e-5, rtol=1e-4)


def test_the_change_can_be_trained(case):
    _, module, x = case
    linear = LinearizedModule(module)
    linear(x).square().sum().backward()
    by_hand = 2 * torch.einsum("nk,nkp->p", linear(x), linear.jacobian(x))
    torch.testing.assert_close(linear.change.grad, by_hand, atol=1e-4, rtol=1e-4)


def test_small_changes_are_those_of_the_module():
    torch.manual_seed(0)
    module, x = conv_net().double().eval(), torch.randn(4, 1, 4, 4).double()
    linear = LinearizedModule(module)
    change = 1e-5 * torch.randn_like(linear.change)
    before = module(x)
    nn.utils.vector_to_parameters(
        nn.utils.parameters_to_vector(module.parameters()) + change, module.parameters()
    )
    torch.testing.assert_close(
        linear.jvp(x, change)[1], module(x) - before, atol=1e-8, rtol=1e-3
    )


def test_the_module_stays_as_it_was():
    module = conv_net().train()
    before = {name: t.clone() for name, t in module.state_dict().items()}
    linear = LinearizedModule(module).train()
    linear(torch.randn(4, 1, 4, 4)).sum().backward()
    assert module.training
    assert all(p.requires_grad and p.grad is None for p in module.parameters())
    for name, tensor in module.state_dict().items():
        assert torch.equal(tensor, before[name])
    assert not any(part.training for part in linear.module.modules())


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ("last", ["8.weight", "8.bias"]),
        ("^0|^8[.]bias", ["0.weight", "0.bias", "8.bias"]),
    ],
)
def test_only_some_weights_change(params, names):
    linear = moved(LinearizedModule(conv_net(), params))
    assert linear.names == names
    sizes = [linear.module.get_parameter(name).numel() for name in names]
    assert len(linear.change) == sum(sizes)
    assert list(linear.changes()) == names


def test_frozen_weights_stay_frozen():
    module = conv_net()
    module[0].requires_grad_(False)
    assert not any(name.startswith("0.") for name in LinearizedModule(module).names)


def test_params_that_mean_nothing():
    with pytest.raises(
        ValueError, match=r"params='tail' means no parameter .*0.weight"
    ):
        LinearizedModule(conv_net(), "tail")
    with pytest.raises(ValueError, match=r"has no nn.Linear"):
        LinearizedModule(nn.Conv2d(1, 1, 1), "last")


def test_a_layer_without_derivatives_is_named():
    linear = LinearizedModule(
        nn.Sequential(nn.EmbeddingBag(9, 4), nn.Linear(4, 3)).eval()
    )
    with pytest.raises(
        NotLinearizableError, match=r"EmbeddingBag '0' cannot .*params="
    ):
        linear(torch.zeros(2, 3, dtype=torch.long))


def test_what_is_wrong_with_rows_is_said_by_the_module():
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        LinearizedModule(nn.Linear(3, 2))(torch.zeros(1, 4))


# K-FAC


def exact_curvature(linear, x, weight):
    jacobian = linear.jacobian(x)
    return torch.einsum("nkp,n,nkq->pq", jacobian, weight, jacobian)


@pytest.fixture(name="curved")
def _curved():
    torch.manual_seed(0)
    linear = LinearizedModule(conv_net().double())
    x, weight = torch.randn(30, 1, 4, 4).double(), torch.rand(30).double() + 0.5
    curvature = kronecker_curvature(linear, x.split(7), weight.split(7))
    dense = curvature.multiply(torch.eye(len(linear.change)).double())
    return linear, x, weight, curvature, dense


def positions(linear, *names):
    slices = linear.slices()
    return torch.cat([torch.arange(slices[n].start, slices[n].stop) for n in names])


def test_last_layer_is_exact(curved):
    linear, x, weight, _, dense = curved
    head = positions(linear, "8.weight", "8.bias")
    exact = exact_curvature(linear, x, weight)
    torch.testing.assert_close(dense[head][:, head], exact[head][:, head])


def test_diagonal_of_what_is_no_plain_layer_is_exact(curved):
    linear, x, weight, _, dense = curved
    other = positions(linear, "1.weight", "1.bias", "3.weight", "3.bias")
    exact = exact_curvature(linear, x, weight).diagonal()
    torch.testing.assert_close(dense.diagonal()[other], exact[other])


@pytest.mark.parametrize("layer", ["0", "6"])
def test_inner_layers_are_near(curved, layer):
    linear, x, weight, _, dense = curved
    own = positions(linear, f"{layer}.weight", f"{layer}.bias")
    exact = exact_curvature(linear, x, weight)[own][:, own]
    found = dense[own][:, own]
    cosine = (exact * found).sum() / exact.norm() / found.norm()
    assert cosine > (0.98 if layer == "6" else 0.5)


def test_layers_are_apart(curved):
    linear, _, _, _, dense = curved
    first, last = positions(linear, "0.weight"), positions(linear, "8.weight")
    assert not dense[first][:, last].any()


def test_rotation_and_solution(curved):
    linear, _, _, curvature, dense = curved
    vectors = torch.randn(3, len(linear.change)).double()
    there = curvature.rotate(vectors)
    torch.testing.assert_close(there.norm(dim=1), vectors.norm(dim=1))
    torch.testing.assert_close(curvature.rotate(there, back=True), vectors)
    solved = curvature.solve(vectors, 0.3)
    torch.testing.assert_close(solved @ dense + 0.3 * solved, vectors)


def test_merging_is_exact_for_the_last_layer(curved):
    linear, x, weight, curvature, dense = curved
    parts = [
        kronecker_curvature(linear, [x[s]], [weight[s]])
        for s in (slice(10), slice(10, 30))
    ]
    merged = parts[0].merged(parts[1])
    head = positions(linear, "8.weight", "8.bias")
    eye = torch.eye(len(linear.change)).double()
    torch.testing.assert_close(
        merged.multiply(eye)[head][:, head], dense[head][:, head]
    )
    torch.testing.assert_close(curvature.times(2.0).multiply(eye), 2 * dense)


def test_an_oracle_agrees():
    curvlinops = pytest.importorskip("curvlinops")  # in the test extra
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 2)).double()
    x, y = torch.randn(20, 5).double(), torch.randn(20, 2).double()
    ours = kronecker_curvature(LinearizedModule(net), [x])
    theirs = curvlinops.KFACLinearOperator(
        net,
        nn.MSELoss(reduction="sum"),
        list(net.parameters()),
        [(x, y)],
        fisher_type="type-2",
        separate_weight_and_bias=False,
    )
    eye = torch.eye(len(ours.values)).double()
    np.testing.assert_allclose(2 * ours.multiply(eye), theirs @ eye, rtol=1e-6)


# Contrasts


def test_contrasts_keep_distances_and_drop_what_logits_share():
    torch.manual_seed(0)
    net = nn.Linear(5, 4)
    contrasts, x = Contrasts(net, "logits", [0, 1, 2, 3]), torch.randn(6, 5)
    logits = net(x)
    centred = logits - logits.mean(1, keepdim=True)
    assert contrasts(x).shape == (6, 3)
    torch.testing.assert_close(contrasts.logits(contrasts(x)), centred)
    torch.testing.assert_close(
        torch.cdist(contrasts(x), contrasts(x)), torch.cdist(centred, centred)
    )


def test_contrasts_put_outputs_in_the_order_of_the_classes():
    net, x = nn.Linear(5, 3), torch.randn(6, 5)
    found = Contrasts(net, "logits", [2, 0, 1])
    ordered = net(x)[:, [1, 2, 0]]
    torch.testing.assert_close(
        found.logits(found(x)), ordered - ordered.mean(1, keepdim=True)
    )


def test_a_new_output_starts_beside_the_mean_of_the_known_ones():
    net, x = nn.Linear(5, 3), torch.randn(6, 5)
    wider = with_outputs(net, 4, keep=True)
    torch.testing.assert_close(wider(x)[:, :3], net(x))
    assert not wider(x)[:, 3].any()
    found = Contrasts(wider, "logits", [0, 1, 2, 3], n_known=3)
    assert torch.equal(found.logits(found(x)).argmax(1), net(x).argmax(1))
