"""The classifiers the benchmark runs, with fixed random weights.

Usage: python bench/models.py FOLDER NAME...  writes FOLDER/NAME.onnx and FOLDER/NAME.npy (model input) for each name.
"""

import sys
import warnings
from pathlib import Path

import numpy as np
import torch
from torch import nn


def mnist() -> nn.Module:
    """The paper's MNIST net: two 5x5 convolutions, two dense layers; input [N, 1, 28, 28]."""
    return nn.Sequential(
        *convolution(1, 16, 5, 0),
        nn.MaxPool2d(2),
        *convolution(16, 32, 5, 0),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(512, 512),
        nn.ReLU(),
        nn.Linear(512, 10),
    )


def gtsrb() -> nn.Module:
    """The paper's GTSRB net: three pairs of 3x3 convolutions, padded and not, each pair pooled; input [N, 3, 32, 32]."""
    return nn.Sequential(
        *pair(3, 32, 0),
        *pair(32, 64, 0),
        *pair(64, 128, 0),
        nn.Flatten(),
        nn.Linear(512, 512),
        nn.ReLU(),
        nn.Linear(512, 43),
    )


def gtsrb_same() -> nn.Module:
    """The GTSRB net with padding in all convolutions, 1.6 times the work."""
    return nn.Sequential(
        *pair(3, 32, 1),
        *pair(32, 64, 1),
        *pair(64, 128, 1),
        nn.Flatten(),
        nn.Linear(2048, 512),
        nn.ReLU(),
        nn.Linear(512, 43),
    )


def resnet18() -> nn.Module:
    return ResNet(BasicBlock, (2, 2, 2, 2))


def resnet50() -> nn.Module:
    return ResNet(Bottleneck, (3, 4, 6, 3))


def convolution(inputs: int, outputs: int, size: int, padding: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, size, padding=padding), nn.ReLU()]


def pair(inputs: int, outputs: int, padding: int) -> list[nn.Module]:
    return [*convolution(inputs, outputs, 3, 1), *convolution(outputs, outputs, 3, padding), nn.MaxPool2d(2)]


class BasicBlock(nn.Module):
    growth = 1

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *normalised(inputs, width, 3, stride),
            nn.ReLU(),
            *normalised(width, width, 3, 1),
        )
        self.skip = skip(inputs, width, stride)
        self.relu = nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.relu(self.body(x) + self.skip(x))


class Bottleneck(nn.Module):
    growth = 4

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *normalised(inputs, width, 1, 1),
            nn.ReLU(),
            *normalised(width, width, 3, stride),
            nn.ReLU(),
            *normalised(width, 4 * width, 1, 1),
        )
        self.skip = skip(inputs, 4 * width, stride)
        self.relu = nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.relu(self.body(x) + self.skip(x))


class ResNet(nn.Sequential):
    """He et al. 2015, Table 1, for [N, 3, 224, 224] and 1,000 classes."""

    def __init__(self, block: type[BasicBlock] | type[Bottleneck], depths: tuple[int, ...]) -> None:
        layers: list[nn.Module] = [*normalised(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, stride=2, padding=1)]
        inputs = 64
        for stage, depth in enumerate(depths):
            width = 64 * 2**stage
            for i in range(depth):
                layers.append(block(inputs, width, 2 if stage > 0 and i == 0 else 1))
                inputs = block.growth * width
        super().__init__(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, 1000))


def normalised(inputs: int, outputs: int, size: int, stride: int) -> list[nn.Module]:
    return [
        nn.Conv2d(inputs, outputs, size, stride=stride, padding=size // 2, bias=False),
        nn.BatchNorm2d(outputs),
    ]


def skip(inputs: int, outputs: int, stride: int) -> nn.Module:
    if stride == 1 and inputs == outputs:
        return nn.Identity()
    return nn.Sequential(*normalised(inputs, outputs, 1, stride))


# Name: how it is made, [C, H, W], images written.
MODELS = {
    "mnist": (mnist, (1, 28, 28), 128),
    "gtsrb": (gtsrb, (3, 32, 32), 64),
    "gtsrb-same": (gtsrb_same, (3, 32, 32), 64),
    "resnet18": (resnet18, (3, 224, 224), 16),
    "resnet50": (resnet50, (3, 224, 224), 16),
}


def build(name: str) -> nn.Module:
    """The model in inference mode, its parameters frozen: nobody asks for their gradients."""
    torch.manual_seed(2019)
    model = MODELS[name][0]()
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    return model.eval().requires_grad_(False)


def images(name: str) -> np.ndarray:
    """Blurred noise in 0..1: like photographs it has flat parts, unlike them it needs no download."""
    _, shape, count = MODELS[name]
    generator = torch.Generator().manual_seed(50)
    noise = torch.rand((count, *shape), generator=generator)
    blurred = nn.functional.avg_pool2d(noise, 5, stride=1, padding=2)
    return ((blurred - 0.5) * 4 + 0.5).clamp(0, 1).numpy()


def export(name: str, folder: Path) -> None:
    np.save(folder / f"{name}.npy", images(name))
    _, shape, _ = MODELS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            build(name),
            torch.zeros(1, *shape),
            folder / f"{name}.onnx",
            dynamo=False,
            opset_version=17,
            input_names=["input"],
            output_names=["logits"],
            dynamic_axes={"input": {0: "batch"}, "logits": {0: "batch"}},
        )


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    for model_name in sys.argv[2:]:
        export(model_name, target)
