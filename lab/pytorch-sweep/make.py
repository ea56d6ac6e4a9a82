"""Makes classification models of torchvision and timm for sweep.ts, one at a time.

usage: make.py FOLDER EXPORTER[,EXPORTER...] LIBRARY:NAME...        (or - to read LIBRARY:NAME from standard input)

LIBRARY is torchvision or timm, NAME may be followed by arguments, as in timm:qwen3_vit_88m?depth=2; EXPORTER is script (torch.onnx.export, dynamo=False), dynamo (dynamo=True), or either with
-batch, for a batch of any size. For each model: random weights, batch statistics of random images, ten classes, the smallest
image that the architecture allows; PyTorch's own logits and gradients of two images in float64 and in float32 go to
golden.npz with how far those in float64 change on images moved by 1e-6, the exports to EXPORTER/model.onnx. Prints the model's name when its files are there and waits for a line before
it makes the next.

Needs torch, torchvision, timm, onnx and onnxscript.
"""

import ast
import copy
import gc
import os
import shutil
import signal
import sys
import urllib.parse
import warnings

import numpy as np
import timm
import torch
import torchvision

# 64 leaves most networks a last map of 2 x 2; patches of 14 need multiples of 14.
SIZES = [64, 96, 56, 128, 112, 160, 192, 224, 240, 256, 299, 384]
# Images moved as far as float32 moves the values of a deep network: some take the other side of a near tie.
NEARBY = 6
SECONDS = int(os.environ.get("SWEEP_SECONDS", "240"))


def build(spec, size):
    library, name = spec.split("?")[0].split(":")
    given = {key: ast.literal_eval(value) for key, value in urllib.parse.parse_qsl(urllib.parse.urlsplit(spec).query)}
    if library == "torchvision":
        own = {"vit": {"image_size": size}, "max": {"input_size": (size, size)}}.get(name[:3], {})
        if name in ("googlenet", "inception_v3"):
            own = {"init_weights": False}
        return torchvision.models.get_model(name, weights=None, num_classes=10, **own, **given)
    try:
        return timm.create_model(name, num_classes=10, img_size=size, **given)
    except TypeError:
        return timm.create_model(name, num_classes=10, **given)


def smallest(spec):
    """The first size with which a model without memory runs; where none does, models are made until one runs."""
    errors = []
    for device in ("meta", "cpu"):
        for size in SIZES:
            try:
                with torch.device(device), torch.no_grad():
                    model = build(spec, size).eval()
                    if model(torch.zeros(2, 3, size, size, device=device)).shape == (2, 10):
                        return size
            except TimeoutError:
                raise
            except Exception as error:
                errors.append(f"{size}: {error}")
    raise ValueError(f"no size works: {errors[-1]}")


def randomise(model, random):
    """Small changes of what was initialised: parameters that begin at zero or one would hide mistakes."""
    for parameter in model.parameters():
        value = parameter.data
        if value.numel() == 0 or not value.is_floating_point():
            continue
        largest = value.abs().max().item()
        if 0 < largest <= 1e-3 and value.min() == value.max():  # layer scales begin near zero
            value.copy_(torch.empty_like(value).uniform_(0.05, 0.2, generator=random))
        elif value.squeeze().ndim <= 1:
            value.add_(torch.empty_like(value).uniform_(-0.1, 0.1, generator=random))
        elif largest == 0:
            value.copy_(torch.empty_like(value).normal_(0, 0.02, generator=random))


def calibrate(model, random, size):
    """Statistics of real activations: with those of a fresh model, values of deep models vanish or explode."""
    norms = [m for m in model.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)]
    momentum = [norm.momentum for norm in norms]
    for norm in norms:
        norm.train().momentum = 1.0
    if norms:
        with torch.no_grad():
            model(torch.randn(8, 3, size, size, generator=random))
    model.eval()
    for norm, value in zip(norms, momentum):
        norm.momentum = value


def answers(model, x, classes):
    x = x.clone().requires_grad_()
    logits = model(x)
    each = [torch.autograd.grad(logits[:, c].sum(), x, retain_graph=True)[0] for c in classes]
    return logits.detach().numpy(), torch.stack(each, 1).numpy()


def export(model, x, exporter, folder):
    os.makedirs(folder, exist_ok=True)
    path = f"{folder}/model.onnx"
    batch = exporter.endswith("-batch")
    names = {"input_names": ["image"], "output_names": ["logits"], "verbose": False}
    if exporter.startswith("script"):
        free = {"image": {0: "N"}, "logits": {0: "N"}} if batch else None
        torch.onnx.export(model, (x,), path, dynamo=False, dynamic_axes=free, **names)
    else:
        free = ({0: torch.export.Dim.DYNAMIC},) if batch else None
        torch.onnx.export(model, (x,), path, dynamo=True, dynamic_shapes=free, **names)


def make(spec, folder, exporters):
    torch.manual_seed(1)
    random = torch.Generator().manual_seed(2)
    size = smallest(spec)
    torch.manual_seed(1)
    model = build(spec, size).eval()
    randomise(model, random)
    calibrate(model, random, size)
    x = torch.randn(2, 3, size, size, generator=random)
    with torch.no_grad():
        classes = model(x).abs().sum(0).topk(2).indices.tolist()  # the ReLU that squeezenet ends with is open for these
    logits, gradients = answers(model, x, classes)
    double = copy.deepcopy(model).double()
    exact = answers(double, x.double(), classes)
    moved = [x.double() + 1e-6 * torch.randn(x.shape, generator=random).double() for _ in range(NEARBY)]
    near = [np.abs(answers(double, images, classes)[1] - exact[1]).max() for images in moved]
    np.savez(
        f"{folder}/golden.npz",
        x=x.numpy(),
        logits=exact[0],
        gradients=exact[1],
        own_logits=logits,
        own_gradients=gradients,
        near_gradients=np.array([max(near) / np.abs(exact[1]).max()]),
        classes=np.array(classes),
    )
    for exporter in exporters:
        try:
            shutil.rmtree(f"{folder}/{exporter}", ignore_errors=True)
            signal.alarm(SECONDS)
            export(copy.deepcopy(model), x if exporter.endswith("-batch") else x[:1], exporter, f"{folder}/{exporter}")
        except Exception as error:  # the other exporter may succeed
            shutil.rmtree(f"{folder}/{exporter}", ignore_errors=True)
            print(f"UNEXPORTED {spec} {exporter} {reason(error)}", flush=True)


def reason(error):
    """What was raised first: what PyTorch makes of it says where it happened, not why."""
    while error.__cause__:
        error = error.__cause__
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"


def late(*_):
    raise TimeoutError(f"not done in {SECONDS} s")


def main():
    folder, exporters, *specs = sys.argv[1:]
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    signal.signal(signal.SIGALRM, late)
    for spec in sys.stdin.readline().split() if specs == ["-"] else specs:
        try:
            signal.alarm(SECONDS)
            make(spec, folder, exporters.split(","))
            signal.alarm(0)
            print(f"MADE {spec}", flush=True)
            sys.stdin.readline()
        except Exception as error:  # one model that cannot be made must not end the sweep
            signal.alarm(0)
            print(f"FAILED {spec} {reason(error)}", flush=True)
        torch._dynamo.reset()
        gc.collect()


main()
