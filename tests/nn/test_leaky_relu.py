"""Copies of modules with leaky activations."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from sklearn_graceful.nn import to_leaky_relu


class Residual(nn.Module):
    """Uses one activation twice, under two names."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 3)
        self.first = self.second = nn.ReLU(inplace=True)

    def forward(self, x):
        return x + self.second(self.linear(self.first(x.clone())))


def leaky(x):
    return torch.where(x > 0, x, 0.1 * x)


def test_below_0_the_output_is_the_slope_times_the_input():
    x = torch.tensor([[-2.0, 0.0, 3.0]])
    torch.testing.assert_close(
        to_leaky_relu(nn.ReLU(), 0.1)(x), torch.tensor([[-0.2, 0.0, 3.0]])
    )


def test_every_activation_is_replaced_at_any_depth():
    net, x = nn.Sequential(Residual(), nn.Linear(3, 2), nn.ReLU()), torch.randn(9, 3)
    block = net[0]
    middle = x + leaky(F.linear(leaky(x), block.linear.weight, block.linear.bias))
    expected = leaky(F.linear(middle, net[1].weight, net[1].bias))
    torch.testing.assert_close(to_leaky_relu(net, 0.1)(x), expected)


def test_the_module_given_stays_as_it_is():
    net, x = nn.Sequential(Residual(), nn.Linear(3, 2)), torch.randn(9, 3)
    before, output = copy.deepcopy(net.state_dict()), net(x)
    new = to_leaky_relu(net)
    with torch.no_grad():
        for weight in new.parameters():
            weight.add_(1)
    assert torch.equal(net(x), output)
    assert all(torch.equal(net.state_dict()[name], w) for name, w in before.items())


def test_weights_and_modes_are_kept():
    net = nn.Sequential(nn.Linear(3, 2), nn.ReLU(inplace=True), nn.Dropout()).eval()
    net[0].bias.requires_grad_(False)
    new = to_leaky_relu(net)
    assert torch.equal(new[0].weight, net[0].weight)
    assert new[1].inplace
    assert [layer.training for layer in new.modules()] == [False] * 4
    assert not new[0].bias.requires_grad


def test_a_unit_that_is_off_has_a_gradient():
    net = nn.Sequential(nn.Linear(1, 1), nn.ReLU())
    nn.init.constant_(net[0].weight, -1.0)
    nn.init.zeros_(net[0].bias)
    new = to_leaky_relu(net, 0.25)
    for module in (net, new):
        module(torch.tensor([[4.0]])).sum().backward()
    assert net[0].weight.grad.item() == 0
    assert new[0].weight.grad.item() == 0.25 * 4


def test_a_transformer_is_leaky_in_its_fast_path_too():
    layer = nn.TransformerEncoderLayer(8, 2, 16, activation=nn.ReLU(), batch_first=True)
    net = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False).eval()
    new, x = to_leaky_relu(net, 0.5), torch.randn(3, 4, 8)
    slow = new(x)
    with torch.inference_mode():
        torch.testing.assert_close(new(x), slow)
        assert not torch.allclose(net(x), slow, atol=1e-2)


class Functional(nn.Module):
    def forward(self, x):
        return torch.relu(x)


@pytest.mark.parametrize(
    "module", [nn.Linear(2, 2), nn.ReLU6(), nn.LeakyReLU(), Functional()]
)
def test_without_a_relu_there_is_nothing_to_do(module):
    with pytest.raises(ValueError, match=f"{type(module).__name__} has no layer nn.Re"):
        to_leaky_relu(module)


def test_other_activations_stay():
    x = torch.linspace(-9, 9, 7)
    net = nn.Sequential(nn.ReLU6(), Functional(), nn.ReLU())
    assert torch.equal(to_leaky_relu(net)(x), x.clip(0, 6))


@pytest.mark.parametrize("slope", [0, 1, -0.1, float("nan")])
def test_slopes_out_of_range_are_refused(slope):
    with pytest.raises(ValueError, match=r"slope must be a number in \(0, 1\), got"):
        to_leaky_relu(nn.ReLU(), slope)


@pytest.mark.parametrize("module", [nn.ReLU, torch.relu, None])
def test_what_is_no_module_is_refused(module):
    with pytest.raises(TypeError, match=r"module must be a torch.nn.Module, got"):
        to_leaky_relu(module)
