"""Gradients of the float16 models of the operator zoo, computed in float64 from the weights as they are in the file.

python make.py ../shared/ops-zoo  (needs torch, numpy, onnx)
"""
import pathlib
import sys

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import helper, numpy_helper

RULES = ("vanilla", "guided", "rectified")
CLASSES = 2


def relu(rule):
    class Relu(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.clamp(min=0)

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            if rule == "vanilla":
                return g * (x > 0)
            return g.clamp(min=0) * (x > 0) if rule == "guided" else g.clamp(min=0)

    return Relu.apply


def run(model, x, rule):
    values = {i.name: torch.tensor(numpy_helper.to_array(i).astype(np.float64)) for i in model.graph.initializer}
    values[model.graph.input[0].name] = x
    for node in model.graph.node:
        a = [values[name] for name in node.input]
        at = {p.name: helper.get_attribute_value(p) for p in node.attribute}
        if node.op_type == "Conv":
            pad = at.get("pads", [0, 0, 0, 0])
            y = F.conv2d(a[0], a[1], a[2] if len(a) > 2 else None, at.get("strides", [1, 1]), pad[:2], groups=at.get("group", 1))
        elif node.op_type == "Relu":
            y = relu(rule)(a[0])
        elif node.op_type == "MaxPool":
            y = F.max_pool2d(a[0], at["kernel_shape"], at["strides"], at["pads"][:2])
        elif node.op_type == "Add":
            y = a[0] + a[1]
        elif node.op_type in ("GlobalAveragePool", "ReduceMean"):
            y = a[0].mean((2, 3), keepdim=True)
        elif node.op_type in ("Flatten", "Reshape"):
            y = a[0].flatten(1)
        elif node.op_type == "Gemm":
            y = F.linear(a[0], a[1], a[2])
        else:
            raise SystemExit(f"no case for {node.op_type}")
        values[node.output[0]] = y
    return values[model.graph.output[0].name]


zoo = pathlib.Path(sys.argv[1])
golden = np.load(zoo / "golden" / "resnet10-fp16.npz")
model = onnx.load(zoo / "models" / "resnet10-fp16.legacy17.onnx")
arrays = {"classes": golden["classes"][:CLASSES]}
for rule in RULES:
    x = torch.tensor(golden["x"][:1].astype(np.float64), requires_grad=True)
    logits = run(model, x, rule)
    arrays["logits64"] = logits.detach().numpy()
    grads = [torch.autograd.grad(logits[0, c], x, retain_graph=True)[0].numpy() for c in arrays["classes"]]
    arrays[f"grad_{rule}"] = np.stack(grads, 1).astype(np.float32)
arrays["x"] = golden["x"][:1]
np.savez_compressed(pathlib.Path(__file__).parent / "resnet10-fp16.npz", **arrays)
