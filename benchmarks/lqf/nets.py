"""Networks that are updated, and what is known of them without their rows."""

import numpy as np
import torch
from skorch import NeuralNetClassifier
from skorch.callbacks import LRScheduler
from torch import nn

from sklearn_graceful.datasets import load_efficientnet_lite
from sklearn_graceful.nn import FrozenTrunk, last_linear, selected_names

# Of EfficientNet-Lite0: the last block, and what lies behind it.
TAIL = r"^(module[.])?(_blocks[.]15|_conv_head|_bn1|_fc)[.]"


class ConvNet(nn.Sequential):
    """Three convolutions in steps of 2 and a linear layer, without normalisation."""

    def __init__(self, n_classes, side=28, channels=8):
        widths = (1, channels, 2 * channels, 4 * channels)
        layers = []
        for kernel, n_in, n_out in zip((5, 3, 3), widths, widths[1:], strict=False):
            layers += [nn.Conv2d(n_in, n_out, kernel, 2, kernel // 2), nn.ReLU()]
        places = (-(-side // 8)) ** 2
        super().__init__(
            *layers, nn.Flatten(), nn.Linear(places * widths[-1], n_classes)
        )


def conv_net(n_classes, side=28, epochs=30, channels=8, lr=3e-3):
    """An untrained skorch net whose rate falls to 0."""
    return NeuralNetClassifier(
        ConvNet,
        module__n_classes=n_classes,
        module__side=side,
        module__channels=channels,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.AdamW,
        optimizer__weight_decay=0.05,
        lr=lr,
        max_epochs=epochs,
        batch_size=64,
        iterator_train__shuffle=True,
        callbacks=[("fall", LRScheduler("CosineAnnealingLR", T_max=epochs))],
        train_split=None,
        verbose=0,
    )


class Behind(nn.Module):
    """What lies behind a module's frozen trunk, fed with features.

    So that training does not run the trunk again and again.
    """

    def __init__(self, module, trunk):
        super().__init__()
        self.module, self.trunk = module, trunk

    def forward(self, features):
        """Outputs."""
        return self.trunk.run_behind(self.module, features)


def efficientnet(images):
    """EfficientNet-Lite0, and its trunk's features of some rows."""
    module = load_efficientnet_lite(image_size=images.shape[-1])
    names = selected_names(module, TAIL)
    trunk = FrozenTrunk.of(module, names, images[:2])
    return Behind(module, trunk), trunk.features(module, images)


def predicted(module, X):
    """Class indices."""
    with torch.no_grad():
        parts = [module(x).argmax(1) for x in X.split(256)]
    return torch.cat(parts).numpy()


def inner_features(module, X):
    """What a module's last linear layer is fed with, (n, n_features)."""
    found, last = [], module.get_submodule(last_linear(module))
    hook = last.register_forward_pre_hook(lambda _, inputs: found.append(inputs[0]))
    predicted(module, X)
    hook.remove()
    return torch.cat(found).numpy().astype(np.float64)
