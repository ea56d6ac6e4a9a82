"""Makes the models of keras.applications for lab/tensorflow-sweep/sweep.ts, one at a time.

usage: make.py keras|tf_keras FOLDER ROUTE[,ROUTE...] [NAME...]

For each model: random weights and batch statistics, and what TensorFlow itself computes of two images: logits and gradients
in float32 and, with the same weights, in float64. Then the files of the named routes:

  saved          SavedModel: model.export of Keras 3, model.save of tf_keras
  frozen         frozen graph: convert_variables_to_constants_v2
  onnx           ONNX: model.export(format="onnx") of Keras 3
  tf2onnx        ONNX: python -m tf2onnx.convert --saved-model
  tf2onnx-eager  the same, of a SavedModel that was written with tf.config.run_functions_eagerly(True)
  tf2onnx-keras  ONNX: python -m tf2onnx.convert --keras

A name that keras.applications has not: Transfer, a MobileNetV2 with augmentation in front and a head of its own.

Prints the model's name when its files are there and waits for a line before it makes the next.
"""

import os
import shutil
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
framework, folder, routes, names = sys.argv[1], sys.argv[2], sys.argv[3].split(","), sys.argv[4:]
if framework == "tf_keras":
    os.environ["TF_USE_LEGACY_KERAS"] = "1"  # for tf2onnx --keras

import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

if framework == "tf_keras":
    import tf_keras as keras
else:
    import keras

SIZES = {"InceptionV3": 96, "InceptionResNetV2": 96, "Xception": 96, "NASNetMobile": 96, "NASNetLarge": 96}
CLASSES = [0, 7]
NOISE = 1e-7
"""About the spacing of float32 values: what rounding does anywhere in the network."""


def build(name, augmented=True):
    if name == "Transfer":
        return transfer(augmented)
    size = SIZES.get(name, 64)
    return getattr(keras.applications, name)(weights=None, input_shape=(size, size, 3), classes=10)


def transfer(augmented):
    """What tutorials make of a published network: augmentation and rescaling in front, a head of one's own behind."""
    layers = keras.layers
    base = keras.applications.MobileNetV2(weights=None, input_shape=(64, 64, 3), include_top=False, alpha=0.35)
    image = keras.Input((64, 64, 3))
    x = image
    if augmented:
        for layer in (layers.RandomFlip("horizontal"), layers.RandomRotation(0.1), layers.RandomZoom(0.1)):
            x = layer(x)
    x = base(layers.Rescaling(1 / 127.5, offset=-1)(x), training=False)
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


def randomise(model, seed):
    """Fresh statistics make batch normalisation the identity, which would hide mistakes."""
    random = np.random.RandomState(seed)
    for weight in model.weights:
        if "seed" in getattr(weight, "path", weight.name):
            continue
        path = getattr(weight, "path", weight.name)
        shape = tuple(weight.shape)
        if "variance" in path:
            weight.assign(random.uniform(0.5, 1.5, shape))
        elif any(part in path for part in ("moving_mean", "beta", "bias")):
            weight.assign(random.uniform(-0.1, 0.1, shape))
        elif "gamma" in path and len(shape) == 1:
            weight.assign(random.uniform(0.5, 1.5, shape))
    settle(model)


def settle(model):
    """Normalization computes with values that it derives from its weights when told to."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()


def in_float64(name, weights):
    """The same network with every value a float64."""
    keras.backend.set_floatx("float64")
    keras.mixed_precision.set_global_policy("float64")
    normalization = keras.layers.BatchNormalization
    init = normalization.__init__
    if framework == "tf_keras":  # its fused kernel knows no float64
        normalization.__init__ = lambda self, *args, **named: init(self, *args, **{**named, "fused": False})
    try:
        model = build(name, augmented=False)  # it does nothing in inference, and tf_keras' knows no float64
    finally:
        normalization.__init__ = init
        keras.backend.set_floatx("float32")
        keras.mixed_precision.set_global_policy("float32")
    model.set_weights([weight.astype("float64") if weight.dtype == "float32" else weight for weight in weights])
    settle(model)
    return model


def computed(model, image):
    """Logits [images, classes] and gradients [images, CLASSES, height, width, channels]."""
    last = model.layers[-1]
    activation = last.activation
    last.activation = keras.activations.linear
    image = tf.constant(image)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(image)
        logits = model(image, training=False)
        scores = [tf.reduce_sum(logits[:, c]) for c in CLASSES]
    last.activation = activation
    return logits.numpy(), np.stack([tape.gradient(score, image).numpy() for score in scores], 1)


def relative(actual, expected):
    return np.abs(actual - expected).max() / np.abs(expected).max()


def golden(name, model):
    size = model.input_shape[1]
    x = np.random.RandomState(2).uniform(0, 255 if "Net" in name or name == "Transfer" else 1, (2, size, size, 3)).astype("float32")
    logits, grad = computed(model, x)
    exact = in_float64(name, model.get_weights())
    logits64, grad64 = computed(exact, x.astype("float64"))
    # Where the images move by as little as rounding moves any value, float32 shows how far it can be off.
    noise = [np.random.RandomState(seed).uniform(-NOISE, NOISE, x.shape) for seed in range(2)]
    others = [computed(model, (x * (1 + n)).astype("float32"))[1] for n in noise]
    own = [relative(g, grad64) for g in (grad, *others)]
    np.savez(
        f"{folder}/golden.npz",
        x=x, classes=np.array(CLASSES), logits=logits64, grad=grad64, logits32=logits, grad32=grad,
        own_logits=np.array([relative(logits, logits64)]), own=np.array([own[0], max(own)]),
    )  # fmt: skip


def freeze(model, path):
    call = tf.function(lambda image: model(image, training=False))
    spec = tf.TensorSpec((None, *model.input_shape[1:]), tf.float32)
    frozen = convert_variables_to_constants_v2(call.get_concrete_function(spec))
    with open(path, "wb") as file:
        file.write(frozen.graph.as_graph_def().SerializeToString())


def tf2onnx(option, source, path):
    """What `python -m tf2onnx.convert` does, without the minute it takes to load TensorFlow again."""
    from tf2onnx import convert

    sys.argv = ["tf2onnx.convert", option, source, "--output", path]
    convert.main()


def save(model, path):
    if framework == "keras":
        model.export(path, verbose=False)
    else:
        model.save(path)


def write(model, route):
    if route == "saved":
        save(model, f"{folder}/saved")
    elif route == "frozen":
        freeze(model, f"{folder}/frozen.pb")
    elif route == "onnx":
        model.export(f"{folder}/onnx.onnx", format="onnx", verbose=False)
    elif route == "tf2onnx":
        if not os.path.exists(f"{folder}/saved"):
            save(model, f"{folder}/saved-for-tf2onnx")
        source = "saved" if os.path.exists(f"{folder}/saved") else "saved-for-tf2onnx"
        tf2onnx("--saved-model", f"{folder}/{source}", f"{folder}/tf2onnx.onnx")
    elif route == "tf2onnx-eager":
        # Keras has grouped convolutions compiled by XLA, as functions that tf2onnx does not convert. They are written in place.
        tf.config.run_functions_eagerly(True)
        try:
            save(model, f"{folder}/eager")
        finally:
            tf.config.run_functions_eagerly(False)
        tf2onnx("--saved-model", f"{folder}/eager", f"{folder}/tf2onnx-eager.onnx")
    elif route == "tf2onnx-keras":
        whole = f"{folder}/whole." + ("keras" if framework == "keras" else "h5")
        model.save(whole)
        tf2onnx("--keras", whole, f"{folder}/tf2onnx-keras.onnx")
    else:
        raise ValueError("there is no such route")


def make(name):
    keras.backend.clear_session()
    keras.utils.set_random_seed(1)
    for entry in os.listdir(folder):
        path = f"{folder}/{entry}"
        shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
    model = build(name)
    if getattr(model.layers[-1], "activation", None) is None:
        raise ValueError("the last layer has no activation")
    randomise(model, 1)
    golden(name, model)
    for route in routes:
        try:
            write(model, route)
        except (Exception, SystemExit) as error:  # one route must not end the sweep
            print(f"FAILED {name} {route} {why(error)}", flush=True)


def why(error):
    return f"{type(error).__name__}: {str(error)[:200]}".replace("\n", " ")


every = [n for n in dir(keras.applications) if n[0].isupper() and callable(getattr(keras.applications, n))]
for name in names or every:
    try:
        make(name)
        print(f"MADE {name}", flush=True)
        sys.stdin.readline()
    except Exception as error:  # one model that cannot be made must not end the sweep
        print(f"FAILED {name} all {why(error)}", flush=True)
