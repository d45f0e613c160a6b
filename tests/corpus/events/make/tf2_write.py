"""TensorFlow 2's summaries: tensors of plugin scalars in tensor_content, two runs, a graph of some size."""
import sys

import tensorflow as tf

for run in ("train", "validation"):
    with tf.summary.create_file_writer(sys.argv[1] + "/" + run).as_default():
        @tf.function
        def step_of(x):
            return tf.reduce_sum(tf.matmul(x, x))
        tf.summary.trace_on(graph=True)
        step_of(tf.ones((4, 4)))
        tf.summary.trace_export("graph", step=0)
        for step in range(25):
            tf.summary.scalar("loss", 1 / (step + 1), step=step)
            tf.summary.scalar("deep/lr", 0.001, step=step)
            if step % 10 == 0:
                tf.summary.histogram("weights", tf.range(100), step=step)
                tf.summary.text("notes", "hello", step=step)
