"""Keras's TensorBoard callback: epoch_* in train/ and validation/, the graph of the model."""
import sys

import numpy
import keras

keras.utils.set_random_seed(1)
x = numpy.random.rand(64, 4)
model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(8), keras.layers.Dense(1)])
model.compile("sgd", "mse", metrics=["mae"])
model.fit(x, x.sum(axis=1), validation_split=0.25, epochs=4, verbose=0, batch_size=16,
          callbacks=[keras.callbacks.TensorBoard(sys.argv[1], update_freq=2, histogram_freq=2)])
