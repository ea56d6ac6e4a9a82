"""Saves every model of keras.applications (random weights, smallest image allowed) in every format, with Keras' own logits and
gradients, for `run.ts`. Models and goldens go to FOLDER and take several GB for all of them.

    python -m venv env && env/bin/pip install -r ../../test/fixtures/keras/requirements.txt
    env/bin/python make.py FOLDER [NAME...]
"""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import numpy as np
import tensorflow as tf
import keras as keras3
import tf_keras as keras2

smallest = {"Xception": 71, "InceptionV3": 75, "InceptionResNetV2": 75}


def near_identity(model, rng):
    """Small changes of what Keras initialises, so that every parameter matters and deep models stay within float32."""
    for weight in model.weights:
        name = getattr(weight, "path", weight.name)
        value = np.asarray(weight)
        if value.dtype.kind != "f":
            continue
        if "layer_scale" in name or "gamma" in name.rsplit("/", 1)[-1] and np.abs(value).max(initial=0) < 1e-3:
            weight.assign(rng.uniform(0.05, 0.2, value.shape).astype("float32"))
        elif value.ndim == 1:
            weight.assign((value + rng.uniform(-0.1, 0.1, value.shape)).astype("float32"))


    for layer in model.layers:
        # Its statistics count once they are taken over from the weights.
        if type(layer).__name__ == "Normalization":
            layer.finalize_state()


def calibrated(model, x):
    """Moving statistics of real activations: with those that Keras begins with, gradients of deep models vanish."""
    norms = [layer for layer in model._flatten_layers() if type(layer).__name__ == "BatchNormalization"]
    momentum = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    model(tf.constant(x), training=True)
    for norm, value in zip(norms, momentum):
        norm.momentum = value


def run(keras, folder, generation, endings, only):
    for name in sorted(dir(keras.applications)):
        make = getattr(keras.applications, name)
        if not name[0].isupper() or only and name not in only:
            continue
        keras.backend.clear_session()
        keras.utils.set_random_seed(1)
        size = smallest.get(name, 32)
        model = make(weights=None, classes=10, input_shape=(size, size, 3), classifier_activation=None)
        rng = np.random.default_rng(1)
        near_identity(model, rng)
        # Models with their preprocessing inside take pixels.
        pixels = any(type(layer).__name__ in ("Rescaling", "Normalization") for layer in model.layers)
        shape = (16, size, size, 3)
        x = (rng.uniform(0, 255, shape) if pixels else rng.normal(0, 1, shape)).astype("float32")
        calibrated(model, x)
        x = x[:1]
        tensor = tf.constant(x)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(tensor)
            logits = model(tensor, training=False)
            each = [logits[0, k] for k in range(10)]
        gradients = np.stack([tape.gradient(logit, tensor).numpy() for logit in each], axis=1)
        base = os.path.join(folder, f"{name}-keras{generation}")
        np.savez(base + ".npz", x=x, logits=logits.numpy(), gradients=gradients)
        for ending in endings:
            model.save(base + ending)
        print(base, model.count_params(), float(np.abs(gradients).max()), flush=True)


if __name__ == "__main__":
    folder, *only = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    run(keras3, folder, 3, [".keras", ".h5"], only)
    run(keras2, folder, 2, [".h5"], only)
