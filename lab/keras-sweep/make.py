"""Saves models of keras.applications (random weights, smallest image allowed) as `.keras` and `.h5`, with the logits and gradients
that Keras itself computes in float32 and in float64, for `run.ts`:

    python -m venv env && env/bin/pip install -r ../../test/fixtures/keras/requirements.txt
    env/bin/python make.py FOLDER [--then COMMAND] [--generation 2|3] [NAME...]

With `--then 'node dist/lab/keras-sweep/run.js'` the command is run on FOLDER and each model, whose files are then deleted: all of
them take tens of GB. Without names all models come in the order of their parameters, the smallest first.

A ReLU or a max-pool whose inputs nearly tie takes another side when a sum is rounded otherwise, and the gradient of a deep model
then changes by percents, also between two runs of Keras. So that the comparison tells anything, the images are those of many whose
gradients are least sensitive: to float32 as Keras has it, and, in float64, to weights changed by a millionth.
"""

import argparse
import gc
import os
import subprocess
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import keras as keras3
import numpy as np
import tensorflow as tf
import tf_keras as keras2

smallest = {"Xception": 71, "InceptionV3": 75, "InceptionResNetV2": 75}
classes = 10
candidates = 10
batches = 2
kept = 3
insensitive = 5e-5


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
    finalize(model)


def finalize(model):
    """The statistics of a Normalization count once they are taken over from the weights."""
    for layer in model.layers:
        if type(layer).__name__ == "Normalization":
            layer.finalize_state()


def calibrate(model, x):
    """Moving statistics of real activations: with those that Keras begins with, gradients of deep models vanish."""
    norms = [layer for layer in model._flatten_layers() if type(layer).__name__ == "BatchNormalization"]
    momentum = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    model(tf.constant(x), training=True)
    for norm, value in zip(norms, momentum):
        norm.momentum = value


def explain(model, x, chosen):
    """Logits of each image, and the gradient of one logit of each."""
    tensor = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        logits = model(tensor, training=False)
        total = tf.reduce_sum(tf.gather(logits, chosen, batch_dims=1))
    return logits.numpy(), tape.gradient(total, tensor).numpy()


def errors(actual, expected):
    """Of each image: the largest difference as a fraction of the largest magnitude."""
    axes = tuple(range(1, expected.ndim))
    return np.abs(actual - expected).max(axis=axes) / np.abs(expected).max(axis=axes)


def doubled(keras, make, weights):
    """The same model in float64."""
    # Keras 3 does not take its policy from floatx once it has one.
    policy = keras.config.set_dtype_policy if keras is keras3 else lambda _: None
    keras.backend.set_floatx("float64")
    policy("float64")
    try:
        model = make()
    finally:
        keras.backend.set_floatx("float32")
        policy("float32")
    model.set_weights([weight.astype("float64") if weight.dtype.kind == "f" else weight for weight in weights])
    finalize(model)
    return model


def changed(weights, rng):
    return [
        weight * (1 + rng.uniform(-1e-6, 1e-6, weight.shape)) if weight.dtype.kind == "f" else weight for weight in weights
    ]


def golden(keras, make, model, images, rng):
    """Keras' logits and gradients of all classes for the images that are least sensitive."""
    weights = model.get_weights()
    exact = doubled(keras, make, weights)
    assert {weight.dtype for weight in exact.get_weights() if weight.dtype.kind == "f"} == {np.dtype("float64")}
    chosen = np.arange(candidates)
    found = []
    for _ in range(batches):
        x = images()
        _, single = explain(model, x, chosen)
        _, double = explain(exact, x.astype("float64"), chosen)
        exact.set_weights(changed(weights, rng))
        finalize(exact)
        _, moved = explain(exact, x.astype("float64"), chosen)
        exact.set_weights(weights)
        finalize(exact)
        each = np.maximum(errors(single, double), errors(moved, double))
        found = sorted([*found, *zip(each, x)], key=lambda pair: pair[0])[:kept]
        if found[-1][0] < insensitive:
            break
    every = np.tile(np.arange(classes), kept)
    x = np.repeat(np.stack([image for _, image in found]), classes, axis=0)
    logits, gradients = explain(model, x, every)
    logits64, gradients64 = explain(exact, x.astype("float64"), every)
    return {
        "x": x[::classes],
        "logits": logits[::classes],
        "gradients": gradients.reshape(kept, classes, *gradients.shape[1:]),
        "logits64": logits64[::classes],
        "gradients64": gradients64.reshape(kept, classes, *gradients.shape[1:]),
        "sensitivity": np.array([each for each, _ in found]),
    }


def save(keras, generation, name, folder):
    started = time.time()
    keras.backend.clear_session()
    keras.utils.set_random_seed(1)
    size = smallest.get(name, 32)

    def make():
        application = getattr(keras.applications, name)
        return application(weights=None, classes=classes, input_shape=(size, size, 3), classifier_activation=None)

    model = make()
    rng = np.random.default_rng(1)
    near_identity(model, rng)
    # Models with their preprocessing inside take pixels.
    pixels = any(type(layer).__name__ in ("Rescaling", "Normalization") for layer in model.layers)
    shape = (candidates, size, size, 3)

    def images():
        return (rng.uniform(0, 255, shape) if pixels else rng.normal(0, 1, shape)).astype("float32")

    calibrate(model, images())
    base = os.path.join(folder, f"{name}-keras{generation}")
    np.savez(base + ".npz", **golden(keras, make, model, images, rng))
    # One file with the softmax that is the default, one without.
    model.save(base + ".h5")
    model.layers[-1].activation = keras.activations.softmax
    model.save(base + ".keras")
    print(f"# {base}: {model.count_params()} parameters, made in {time.time() - started:.0f} s", flush=True)
    return base


def applications(keras):
    return [name for name in dir(keras.applications) if name[0].isupper()]


# Parameters of each, which tell the order only. https://keras.io/api/applications
millions = {
    **{"MobileNetV3Small": 3, "MobileNetV2": 3, "MobileNet": 4, "NASNetMobile": 5, "MobileNetV3Large": 5, "DenseNet121": 8},
    **{"DenseNet169": 14, "DenseNet201": 20, "Xception": 23, "InceptionV3": 24, "ResNet50": 26, "ResNet50V2": 26},
    **{"ResNet101": 45, "ResNet101V2": 45, "InceptionResNetV2": 56, "ResNet152": 60, "ResNet152V2": 60, "NASNetLarge": 89},
    **{"VGG16": 34, "VGG19": 39},
    **{f"EfficientNetB{i}": m for i, m in enumerate((5, 8, 9, 12, 19, 31, 43, 67))},
    **{f"EfficientNetV2{s}": m for s, m in (("B0", 7), ("B1", 8), ("B2", 10), ("B3", 14), ("S", 22), ("M", 54), ("L", 119))},
    **{f"ConvNeXt{s}": m for s, m in (("Tiny", 29), ("Small", 50), ("Base", 89), ("Large", 198), ("XLarge", 350))},
    **{f"ResNetRS{s}": m for s, m in ((50, 36), (101, 64), (152, 87), (200, 93), (270, 130), (350, 164), (420, 192))},
    **{f"RegNetX{s}": m for s, m in (("002", 3), ("004", 6), ("006", 7), ("008", 8), ("016", 10), ("032", 16), ("040", 23))},
    **{f"RegNetX{s}": m for s, m in (("064", 27), ("080", 41), ("120", 47), ("160", 55), ("320", 108))},
    **{f"RegNetY{s}": m for s, m in (("002", 4), ("004", 5), ("006", 7), ("008", 6), ("016", 12), ("032", 20), ("040", 21))},
    **{f"RegNetY{s}": m for s, m in (("064", 32), ("080", 40), ("120", 53), ("160", 85), ("320", 146))},
}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--then")
    parser.add_argument("--generation", type=int, choices=(2, 3))
    args = parser.parse_intermixed_args()
    os.makedirs(args.folder, exist_ok=True)
    both = [(keras, generation) for keras, generation in ((keras3, 3), (keras2, 2)) if args.generation in (None, generation)]
    names = args.names or sorted({name for keras, _ in both for name in applications(keras)}, key=lambda name: millions.get(name, 1000))
    todo = [(name, keras, generation) for name in names for keras, generation in both if hasattr(keras.applications, name)]
    for name, keras, generation in todo:
        try:
            base = save(keras, generation, name, args.folder)
        except Exception as error:
            print(f"# {name}-keras{generation} is not made: {type(error).__name__}: {str(error)[:300]}", flush=True)
            continue
        keras.backend.clear_session()
        gc.collect()
        if args.then:
            subprocess.run([*args.then.split(), args.folder, os.path.basename(base)])
            for ending in (".npz", ".h5", ".keras"):
                os.remove(base + ending)
