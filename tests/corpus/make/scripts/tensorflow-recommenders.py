import os

os.environ["TF_USE_LEGACY_KERAS"] = "1"
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
import tensorflow_recommenders as tfrs  # noqa: E402


class Model(tfrs.Model):
    def __init__(self):
        super().__init__()
        self.user = tf.keras.layers.Embedding(50, 8)
        self.item = tf.keras.layers.Embedding(50, 8)
        self.task = tfrs.tasks.Ranking(loss=tf.keras.losses.MeanSquaredError(), metrics=[tf.keras.metrics.RootMeanSquaredError()])

    def compute_loss(self, rows, training=False):
        score = tf.reduce_sum(self.user(rows["user"]) * self.item(rows["item"]), -1, keepdims=True)
        return self.task(labels=rows["rating"], predictions=score)


rng = np.random.default_rng(0)
rows = {"user": rng.integers(0, 50, 1600), "item": rng.integers(0, 50, 1600), "rating": rng.random((1600, 1)).astype("float32")}
model = Model()
model.compile(optimizer=tf.keras.optimizers.legacy.Adagrad(0.1))
model.fit(tf.data.Dataset.from_tensor_slices(rows).batch(32), epochs=3, validation_data=tf.data.Dataset.from_tensor_slices(rows).batch(64),
          validation_freq=3)
