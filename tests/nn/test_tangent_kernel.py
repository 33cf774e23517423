"""Kernels of derivatives are those of the whole Jacobian, by whatever way."""

import pytest
import torch
from torch import nn

from sklearn_graceful.nn import LinearizedModule, TangentKernel


class Twice(nn.Module):
    """One layer that runs twice."""

    def __init__(self):
        super().__init__()
        self.layer, self.head = nn.Linear(5, 5), nn.Linear(5, 3)

    def forward(self, x):
        return self.head(torch.tanh(self.layer(torch.tanh(self.layer(x)))))


class Tied(nn.Module):
    """Weights of one layer that another computes with, too."""

    def __init__(self):
        super().__init__()
        self.layer, self.head = nn.Linear(5, 5), nn.Linear(5, 3)

    def forward(self, x):
        hidden = torch.tanh(self.layer(x))
        return self.head(nn.functional.linear(hidden, self.layer.weight))


class PlacesFirst(nn.Module):
    """A layer for which rows come second."""

    def __init__(self):
        super().__init__()
        self.layer, self.head = nn.Linear(5, 5), nn.Linear(5, 3)

    def forward(self, x):
        return self.head(torch.tanh(self.layer(x.transpose(0, 1))).mean(0))


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.MultiheadAttention(6, 2, batch_first=True)
        self.head = nn.Linear(6, 3)

    def forward(self, x):
        return self.head(self.layer(x, x, x)[0][:, -1])


def conv_net():
    return nn.Sequential(
        nn.Conv2d(1, 20, 3, stride=2, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(20, 20, 3, groups=20, padding=1),
        nn.BatchNorm2d(20),
        nn.Conv2d(20, 3, 2, bias=False),
        nn.Flatten(),
        nn.Linear(3, 3),
    )


# The module, the shape of a row, and the layers that are taken apart.
CASES = {
    "linear": (lambda: nn.Linear(6, 3), (6,), [""]),
    "conv": (conv_net, (1, 4, 4), ["4", "6"]),
    "places": (lambda: nn.Sequential(nn.Linear(9, 2), nn.Flatten()), (2, 9), ["0"]),
    "many places": (lambda: nn.Sequential(nn.Linear(3, 2), nn.Flatten()), (4, 3), []),
    "twice": (Twice, (5,), ["head"]),
    "tied": (Tied, (5,), ["head"]),
    "places first": (PlacesFirst, (2, 5), ["head"]),
    "attention": (Attention, (2, 6), ["head"]),
}


def groups_of(linear):
    """All weights of the last tensor, and all others."""
    last = torch.zeros(len(linear.change), dtype=torch.bool)
    last[linear.slices()[linear.names[-1]]] = True
    return [last.nonzero()[:, 0], (~last).nonzero()[:, 0]]


@pytest.fixture(params=CASES, name="case")
def _case(request):
    torch.manual_seed(0)
    make, shape, expected = CASES[request.param]
    linear = LinearizedModule(make().double())
    return linear, torch.randn(7, *shape).double(), expected


def test_it_is_that_of_the_jacobian(case):
    linear, x, _ = case
    groups = groups_of(linear)
    n_outputs = linear(x).shape[1]
    for directions in (torch.eye(n_outputs), torch.randn(1, n_outputs)):
        kernel = TangentKernel(linear, groups, directions.double(), x)
        one, other = kernel.derivatives(x[:4]), kernel.derivatives(x[3:])
        found = kernel.products(one, other)
        lines = linear.jacobian(x, directions.double())
        by_hand = [
            lines[:4, :, g].flatten(0, 1) @ lines[3:, :, g].flatten(0, 1).T
            for g in groups
        ]
        torch.testing.assert_close(found, by_hand)


def test_layers_are_taken_apart_where_that_is_right(case):
    linear, x, expected = case
    everything = [torch.arange(len(linear.change))]
    directions = torch.eye(linear(x).shape[1]).double()
    kernel = TangentKernel(linear, everything, directions, x)
    assert list(kernel._layers) == expected


def test_weights_of_one_layer_may_be_of_several_groups():
    torch.manual_seed(0)
    linear, x = LinearizedModule(nn.Linear(6, 3).double()), torch.randn(4, 6).double()
    # The weights of an output, and all else.
    groups = [torch.arange(6), torch.arange(6, 21)]
    kernel = TangentKernel(linear, groups, torch.eye(3).double(), x)
    asked = kernel.derivatives(x)
    lines = linear.jacobian(x).flatten(0, 1)
    by_hand = [lines[:, group] @ lines[:, group].T for group in groups]
    torch.testing.assert_close(kernel.products(asked, asked), by_hand)


def test_what_is_held_for_a_row_is_less_than_its_derivatives():
    linear = LinearizedModule(nn.Sequential(nn.Linear(500, 400), nn.Linear(400, 3)))
    x = torch.randn(2, 500)
    kernel = TangentKernel(linear, [torch.arange(201_603)], torch.eye(3), x)
    assert kernel.row_size == (501 + 3 * 400) + (401 + 3 * 3)


def test_rows_in_blocks_are_the_same(case, monkeypatch):
    linear, x, _ = case
    directions = torch.eye(linear(x).shape[1]).double()
    kernel = TangentKernel(linear, groups_of(linear), directions, x)
    asked = kernel.derivatives(x)
    whole = kernel.products(asked, asked)
    monkeypatch.setattr("sklearn_graceful.nn._tangent_kernel._BLOCK", 1)
    torch.testing.assert_close(kernel.products(asked, asked), whole)
    parts = [kernel.derivatives(x[:2]), kernel.derivatives(x[2:])]
    joined = type(asked).joined(parts)
    torch.testing.assert_close(kernel.products(joined, joined), whole)
