import mindspore as ms
import numpy as np
from mindspore import nn
from mindspore.train import Accuracy, LossMonitor, Model, TimeMonitor

ms.set_seed(0)
rng = np.random.default_rng(0)
X = rng.normal(size=(320, 8)).astype("float32")
y = (X[:, 0] > 0).astype("int32")
data = ms.dataset.NumpySlicesDataset((X, y), ["data", "label"]).batch(16)
net = nn.Dense(8, 2)
model = Model(net, nn.SoftmaxCrossEntropyWithLogits(sparse=True, reduction="mean"), nn.Adam(net.trainable_params(), 0.01),
              metrics={"acc": Accuracy()})
model.train(3, data, callbacks=[LossMonitor(5), TimeMonitor()], dataset_sink_mode=False)
print(model.eval(data, dataset_sink_mode=False))
