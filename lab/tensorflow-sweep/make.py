"""Makes the models of keras.applications for lab/tensorflow-sweep/sweep.ts, one at a time.

usage: make.py keras|tf_keras|tf2onnx FOLDER [NAME...]

For each model: random weights and batch statistics, a SavedModel (Keras 3: model.export, tf_keras: model.save) and a frozen
graph, or what tf2onnx makes of it (by Keras 3's model.export), and TensorFlow's own logits and gradients of two images.
Prints the model's name when its files are there and waits for a line before it makes the next.
"""

import os
import shutil
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

framework, folder, names = sys.argv[1], sys.argv[2], sys.argv[3:]
if framework == "tf_keras":
    import tf_keras as keras
else:
    import keras

SIZES = {"InceptionV3": 96, "InceptionResNetV2": 96, "Xception": 96}
CLASSES = [0, 7]


def sized(name):
    if name.startswith("NASNet"):
        return 96
    return SIZES.get(name, 64)


def randomise(model, seed):
    """Fresh statistics make batch normalisation the identity, which would hide mistakes."""
    random = np.random.RandomState(seed)
    for weight in model.weights:
        path = getattr(weight, "path", weight.name)
        shape = tuple(weight.shape)
        if "variance" in path:
            weight.assign(random.uniform(0.5, 1.5, shape))
        elif any(part in path for part in ("moving_mean", "beta", "bias")):
            weight.assign(random.uniform(-0.1, 0.1, shape))
        elif "gamma" in path and len(shape) == 1:
            weight.assign(random.uniform(0.5, 1.5, shape))


def head(model):
    return [layer for layer in model.layers if layer.weights][-1]


def make(name):
    keras.backend.clear_session()
    keras.utils.set_random_seed(1)
    size = sized(name)
    model = getattr(keras.applications, name)(weights=None, input_shape=(size, size, 3), classes=10)
    randomise(model, 1)
    x = np.random.RandomState(2).uniform(0, 255 if "Net" in name else 1, (2, size, size, 3)).astype("float32")
    last = model.layers[-1]
    activation = getattr(last, "activation", None)
    if activation is not None:
        last.activation = keras.activations.linear
    image = tf.constant(x)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(image)
        logits = model(image, training=False)
        if activation is None:
            raise SystemExit(f"{name}: the last layer has no activation")
        scores = [tf.reduce_sum(logits[:, c]) for c in CLASSES]
    grads = np.stack([tape.gradient(score, image).numpy() for score in scores], 1)
    np.savez(f"{folder}/golden.npz", x=x, logits=logits.numpy(), grad=grads, classes=np.array(CLASSES))
    last.activation = activation
    if framework == "tf2onnx":
        model.export(f"{folder}/model.onnx", format="onnx", verbose=False)
        return
    shutil.rmtree(f"{folder}/saved", ignore_errors=True)
    if framework == "keras":
        model.export(f"{folder}/saved", verbose=False)
    else:
        model.save(f"{folder}/saved")
    call = tf.function(lambda image: model(image, training=False))
    frozen = convert_variables_to_constants_v2(
        call.get_concrete_function(tf.TensorSpec((None, size, size, 3), tf.float32))
    )
    with open(f"{folder}/frozen.pb", "wb") as file:
        file.write(frozen.graph.as_graph_def().SerializeToString())


every = [n for n in dir(keras.applications) if n[0].isupper() and callable(getattr(keras.applications, n))]
for name in names or every:
    try:
        make(name)
        print(f"MADE {name}", flush=True)
        sys.stdin.readline()
    except Exception as error:  # one model that cannot be made must not end the sweep
        print(f"FAILED {name} {type(error).__name__}: {str(error)[:200]}".replace("\n", " "), flush=True)
