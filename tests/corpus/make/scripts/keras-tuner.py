import keras
import keras_tuner
import numpy as np

rng = np.random.default_rng(0)
X = rng.normal(size=(320, 6))
y = (X[:, 0] > 0).astype(int)


def build(hp):
    model = keras.Sequential([keras.layers.Dense(hp.Int("units", 8, 32, 8), activation="relu"), keras.layers.Dense(1, activation="sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


keras_tuner.RandomSearch(build, objective="val_accuracy", max_trials=3, directory="out", seed=0).search(X, y, epochs=2, validation_split=0.2)
