"""What a module computes before the first of the weights that change."""

import copy
import io

import pytest
import torch
from torch import nn

from sklearn_graceful.nn import Contrasts, FrozenTrunk, LinearizedModule


def conv_net():
    return nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1),
        nn.BatchNorm2d(3),
        nn.ReLU(inplace=True),
        nn.Conv2d(3, 4, 3),
        nn.BatchNorm2d(4),
        nn.ReLU(inplace=True),
        nn.Dropout(0.5),
        nn.Flatten(),
        nn.Linear(16, 3),
    )


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.first, self.second = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x):
        return x + self.second(torch.tanh(self.first(x)))


class Blocks(nn.Module):
    """Blocks of a list, one after the other."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(4, 6)
        self.blocks = nn.ModuleList([Block(6) for _ in range(3)])
        self.head = nn.Linear(6, 3)

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.head(x)


class OneActivation(nn.Module):
    """The same layer, and the same activation, more than once."""

    def __init__(self):
        super().__init__()
        self.stem, self.twice = nn.Linear(4, 6), nn.Linear(6, 6)
        self.inner, self.head = nn.Linear(6, 5), nn.Linear(5, 3)
        self.act = nn.Tanh()

    def forward(self, x):
        x = self.act(self.twice(self.act(self.twice(self.act(self.stem(x))))))
        return self.head(self.act(self.inner(x)))


class Shortcut(nn.Module):
    """What the first layer yields is added behind the second, or behind the head."""

    def __init__(self, *, is_behind):
        super().__init__()
        self.first, self.second = nn.Linear(4, 3), nn.Linear(3, 3)
        self.third, self.head = nn.Linear(3, 5), nn.Linear(5, 3)
        self._is_behind = is_behind

    def forward(self, x):
        first = torch.tanh(self.first(x))
        x = self.second(first)
        if self._is_behind:
            return self.head(self.third(x)) + first
        return self.head(torch.tanh(self.third(x + first)))


class Wide(nn.Module):
    """Beside the deep part, one that takes the rows themselves."""

    def __init__(self):
        super().__init__()
        self.deep, self.head = nn.Linear(4, 6), nn.Linear(6, 3)
        self.wide = nn.Linear(4, 3)

    def forward(self, x):
        return self.head(torch.relu(self.deep(x))) + self.wide(x)


class WithoutPadding(nn.Module):
    """Mean over the tokens of a row that are not 1."""

    def __init__(self):
        super().__init__()
        self.tokens, self.head = nn.Embedding(9, 6), nn.Linear(6, 3)

    def forward(self, x):
        is_token = (x != 1).to(self.head.weight)[..., None]
        return self.head((self.tokens(x) * is_token).sum(1) / is_token.sum(1))


class Refuses(nn.Module):
    """No rows that are empty."""

    def __init__(self):
        super().__init__()
        self.first, self.head = nn.Linear(4, 6), nn.Linear(6, 3)

    def forward(self, x):
        if not x.any(dim=1).all():
            raise ValueError("an empty row")
        return self.head(torch.relu(self.first(x)))


def images():
    return torch.randn(7, 1, 4, 4)


def vectors():
    return torch.randn(7, 4)


def tokens():
    x = torch.randint(2, 9, (7, 5))
    x[0, 3:] = x[4, 2:] = 1
    return x


# Module, rows, what changes, and the last layer of the trunk.
MODULES = {
    "last layer": (conv_net, images, ("8.",), "7"),
    "last convolution": (conv_net, images, ("3.", "4.", "8."), "2"),
    "bias of a norm": (conv_net, images, ("4.bias",), "3"),
    "head behind blocks": (Blocks, vectors, ("head.",), "blocks.2"),
    "last block": (Blocks, vectors, ("blocks.2", "head."), "blocks.1"),
    "one activation": (OneActivation, vectors, ("inner.", "head."), "act"),
    "a sum within": (lambda: Shortcut(is_behind=False), vectors, ("head.",), "third"),
}
# What lies behind needs more than what the last frozen layer yields.
WITHOUT = {
    "half a block": (Blocks, vectors, ("blocks.2.second", "head.")),
    "a sum behind": (lambda: Shortcut(is_behind=True), vectors, ("head.",)),
    "a wide part": (Wide, vectors, ("head.",)),
    "padding": (WithoutPadding, tokens, ("head.",)),
}


def names_of(module, prefixes):
    return [name for name, _ in module.named_parameters() if name.startswith(prefixes)]


@pytest.fixture(params=MODULES, name="case")
def _case(request):
    torch.manual_seed(0)
    make, rows, prefixes, last = MODULES[request.param]
    module = make().eval()
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_()
            layer.running_var.uniform_(0.5, 2)
    return module, names_of(module, prefixes), rows(), last


@pytest.fixture(name="net")
def _net():
    torch.manual_seed(0)
    return conv_net().eval(), ["8.weight", "8.bias"], images()


def test_it_ends_before_the_first_weight_that_changes(case):
    module, names, x, last = case
    assert FrozenTrunk.of(module, names, x[:2]).calls[-1][0] == last


@pytest.mark.parametrize("name", WITHOUT)
def test_there_is_none_if_more_is_needed(name):
    torch.manual_seed(0)
    make, rows, prefixes = WITHOUT[name]
    module = make().eval()
    assert FrozenTrunk.of(module, names_of(module, prefixes), rows()[:2]) is None


@pytest.mark.parametrize("name", ["padding", "a wide part"])
def test_that_more_is_needed_does_not_hang_on_the_first_rows(name):
    torch.manual_seed(0)
    make, rows, prefixes = WITHOUT[name]
    module, x = make().eval(), rows()
    x = torch.cat([torch.full_like(x[:2], 2 if name == "padding" else 0), x])
    trunk = FrozenTrunk.of(module, names_of(module, prefixes), x[:2])
    if trunk is not None:
        features = trunk.features(module, x)
        torch.testing.assert_close(trunk.run_behind(module, features), module(x))


def test_there_is_none_if_the_module_refuses_blank_rows():
    torch.manual_seed(0)
    module = Refuses().eval()
    assert FrozenTrunk.of(module, names_of(module, ("head.",)), vectors()) is None


def test_what_is_behind_needs_no_more_than_its_features(case):
    module, names, x, _ = case
    trunk = FrozenTrunk.of(module, names, x[:2])
    features = trunk.features(module, x, batch_size=3)
    assert features.shape == (len(x), *trunk.shape)
    torch.testing.assert_close(trunk.run_behind(module, features), module(x))


def test_products_with_the_jacobian_are_the_same_behind_it(case):
    module, names, x, _ = case
    trunk = FrozenTrunk.of(module, names, x[:2])
    names = [f"module.{name}" for name in names]
    whole = LinearizedModule(Contrasts(module, "logits", [0, 1, 2]), names)
    behind = LinearizedModule(
        Contrasts(module, "logits", [0, 1, 2], trunk=trunk), names
    )
    features = trunk.features(module, x)
    direction = torch.randn_like(whole.change)
    for found, expected in zip(
        behind.jvp(features, direction), whole.jvp(x, direction), strict=True
    ):
        torch.testing.assert_close(found, expected)
    torch.testing.assert_close(behind.jacobian(features), whole.jacobian(x))
    torch.testing.assert_close(behind(x), whole(x))


@pytest.mark.parametrize(
    ("prefixes", "module"),
    [
        (("0.",), nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3))),
        (("2.",), nn.Sequential(nn.Flatten(), nn.Tanh(), nn.Linear(4, 3))),
    ],
    ids=["all change", "no weights in front"],
)
def test_there_is_none_that_would_save_anything(prefixes, module):
    assert FrozenTrunk.of(module, names_of(module, prefixes), vectors()) is None


def test_copies_and_files_of_a_network_keep_its_trunk(net):
    module, names, x = net
    trunk = FrozenTrunk.of(module, names, x[:2])
    contrasts = Contrasts(module, "logits", [2, 0, 1], trunk=trunk)
    file = io.BytesIO()
    torch.save(contrasts, file)
    file.seek(0)
    loaded = torch.load(file, weights_only=False)
    for other in (copy.deepcopy(contrasts), loaded):
        features = other.trunk.features(other.module, x)
        torch.testing.assert_close(other(features), contrasts(x))


def test_layers_run_as_before_once_it_was_used(net):
    module, names, x = net
    before = module(x)
    trunk = FrozenTrunk.of(module, names, x[:2])
    features = trunk.features(module, x)
    trunk.run_behind(module, features)
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        trunk.run_behind(module, features[..., :5])
    with pytest.raises(RuntimeError, match="expected input"):
        trunk.features(module, x[:, :, :, 0])
    assert torch.equal(module(x), before)
    for layer in module.modules():
        assert "forward" not in vars(layer)
        assert not layer._forward_hooks


def test_a_forward_that_a_layer_was_given_is_kept(net):
    module, names, x = net
    module[0].forward = nn.Conv2d(1, 3, 3, padding=1).forward
    before = module(x)
    trunk = FrozenTrunk.of(module, names, x[:2])
    trunk.run_behind(module, trunk.features(module, x))
    assert torch.equal(module(x), before)


def test_features_need_no_gradient(net):
    module, names, x = net
    trunk = FrozenTrunk.of(module, names, x[:2])
    features = trunk.features(module, x)
    assert not features.requires_grad
    trunk.run_behind(module, features).sum().backward()
    assert module[8].weight.grad is not None
    assert module[3].weight.grad is None
