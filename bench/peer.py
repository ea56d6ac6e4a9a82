"""The PyTorch side: class-wise saliency features, computed in every way PyTorch offers.

Usage: python bench/peer.py FOLDER; then one JSON request a line on stdin, one JSON answer a line on stdout.
  {"op": "load", "model": NAME, "threads": T}
  {"op": "run", "variant": V, "rule": R, "features": F, "classes": K, "images": [START, END]}
Answers hold `seconds` and `cpu` (of the whole process); `run` adds the last features when "values" is true.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch._functorch.config
from torch import nn
from torch.nn import functional

from models import build

Gradient = Callable[[nn.Module, torch.Tensor, int], torch.Tensor]


class RuledReLU(torch.autograd.Function):
    """ReLU whose backward is a saliency rule; what hooks do, without their overhead."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: torch.Tensor, rule: str) -> torch.Tensor:
        return x.clamp(min=0)

    @staticmethod
    def setup_context(ctx, inputs, output) -> None:
        ctx.rule = inputs[1]
        if ctx.rule != "rectified":
            ctx.save_for_backward(output)

    @staticmethod
    def backward(ctx, dy: torch.Tensor):
        if ctx.rule == "rectified":
            return dy.clamp(min=0), None
        (output,) = ctx.saved_tensors
        gated = dy if ctx.rule == "vanilla" else dy.clamp(min=0)
        return gated * (output > 0), None


class Ruled(nn.Module):
    def __init__(self, rule: str) -> None:
        super().__init__()
        self.rule = rule

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return RuledReLU.apply(x, self.rule)


def with_rule(model: nn.Module, rule: str) -> nn.Module:
    for name, child in model.named_children():
        if isinstance(child, nn.ReLU):
            setattr(model, name, Ruled(rule))
        else:
            with_rule(child, rule)
    return model


def with_hooks(model: nn.Module, rule: str) -> nn.Module:
    """Backward hooks on the activations, as Captum and the public NeuronInspect code do it."""

    def guided(_module, grad_input, _grad_output):
        return tuple(functional.relu(g) for g in grad_input)

    def rectified(_module, _grad_input, grad_output):
        return tuple(functional.relu(g) for g in grad_output)

    for module in model.modules():
        if isinstance(module, nn.ReLU) and rule != "vanilla":
            module.register_full_backward_hook(guided if rule == "guided" else rectified)
    return model


def per_class(model: nn.Module, x: torch.Tensor, classes: int) -> torch.Tensor:
    """One forward and one backward per class."""
    rows = []
    for k in range(classes):
        x = x.detach().requires_grad_(True)
        (dx,) = torch.autograd.grad(model(x)[:, k].sum(), x)
        rows.append(dx)
    return torch.stack(rows)


def shared_forward(model: nn.Module, x: torch.Tensor, classes: int) -> torch.Tensor:
    """One forward, one backward per class."""
    x = x.detach().requires_grad_(True)
    logits = model(x)
    return torch.stack(
        [torch.autograd.grad(logits[:, k].sum(), x, retain_graph=k + 1 < classes)[0] for k in range(classes)]
    )


def replicated(model: nn.Module, x: torch.Tensor, classes: int) -> torch.Tensor:
    """Every image once per class in one batch."""
    x = x.detach().unsqueeze(0).expand(classes, *x.shape).flatten(0, 1).requires_grad_(True)
    logits = model(x)
    seeds = torch.eye(classes, logits.shape[1]).repeat_interleave(len(x) // classes, 0)
    (dx,) = torch.autograd.grad(logits, x, seeds)
    return dx.unflatten(0, (classes, -1))


def batched(model: nn.Module, x: torch.Tensor, classes: int) -> torch.Tensor:
    """One forward; autograd itself runs backward for all classes at once (vmap)."""
    x = x.detach().requires_grad_(True)
    logits = model(x)
    seeds = torch.eye(classes, logits.shape[1]).unsqueeze(1).expand(-1, len(x), -1)
    return torch.autograd.grad(logits, x, seeds, is_grads_batched=True)[0]


# Name: how gradients are taken, hooks instead of ruled activations, compiled, channels last.
VARIANTS: dict[str, tuple[Gradient, bool, bool, bool]] = {
    "per-class loop": (per_class, True, False, False),
    "shared forward": (shared_forward, False, False, False),
    "shared forward, channels last": (shared_forward, False, False, True),
    "shared forward, compiled": (shared_forward, False, True, False),
    "shared forward, channels last, compiled": (shared_forward, False, True, True),
    "replicated": (replicated, False, False, False),
    "replicated, channels last": (replicated, False, False, True),
    "replicated, compiled": (replicated, False, True, False),
    "vmap": (batched, False, False, False),
    "vmap, channels last": (batched, False, False, True),
}


def features(gradient: torch.Tensor, wanted: str) -> dict[str, torch.Tensor]:
    """[K, N, C, H, W] to features [K, N]."""
    h = gradient.clamp(min=0).amax(2)
    if wanted == "gain":
        return {"gain": h.sum((2, 3))}
    low, high = h.amin((2, 3), keepdim=True), h.amax((2, 3), keepdim=True)
    span = high - low
    map_ = (h - low) / torch.where(span == 0, 1, span)
    kernel = torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]]).reshape(1, 1, 3, 3)
    laplacian = functional.conv2d(map_.flatten(0, 1).unsqueeze(1), kernel, padding=1)
    return {
        "sparse": map_.sum((2, 3)),
        "smooth": laplacian.abs().sum((1, 2, 3)).unflatten(0, map_.shape[:2]),
        "parity": (map_ > 0.5).sum(1).remainder(2),
    }


class Side:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = ""
        self.models: dict[tuple[str, str], nn.Module] = {}

    def load(self, request: dict) -> dict:
        torch.set_num_threads(request["threads"])
        if request["model"] != self.name:
            self.name = request["model"]
            self.images = torch.from_numpy(np.load(self.folder / f"{self.name}.npy"))
            self.models = {}
        return {"version": torch.__version__, "threads": torch.get_num_threads(), "variants": list(VARIANTS)}

    def run(self, request: dict) -> dict:
        """`batch`: images per call of the gradient; a variant that takes classes x images at once needs a bound."""
        variant, rule = request["variant"], request["rule"]
        gradient, _, _, channels_last = VARIANTS[variant]
        model = self.model(variant, rule)
        start, end = request["images"]
        parts = []
        wall, cpu = time.perf_counter(), time.process_time()
        for first in range(start, end, request["batch"]):
            x = self.images[first : min(end, first + request["batch"])]
            if channels_last:
                x = x.contiguous(memory_format=torch.channels_last)
            parts.append(features(gradient(model, x, request["classes"]), request["features"]))
        answer = {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
        if request.get("values"):
            answer["values"] = torch.cat([part["gain"] for part in parts], 1).flatten().tolist()
        return answer

    def model(self, variant: str, rule: str) -> nn.Module:
        if (variant, rule) not in self.models:
            _, hooks, compiled, channels_last = VARIANTS[variant]
            model = (with_hooks if hooks else with_rule)(build(self.name), rule)
            if channels_last:
                model = model.to(memory_format=torch.channels_last)
            self.models[variant, rule] = torch.compile(model) if compiled else model
        return self.models[variant, rule]


def main() -> None:
    # Compiled models would otherwise refuse a second backward pass through the same graph.
    torch._functorch.config.donated_buffer = False
    side = Side(Path(sys.argv[1]))
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(side, request["op"])(request)
        except Exception as error:  # A variant that this PyTorch refuses is reported, not fatal.
            answer = {"error": f"{type(error).__name__}: {error}".splitlines()[0][:300]}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
