import numpy as np
import torch
from skorch import NeuralNetClassifier

torch.manual_seed(0)
X = np.random.default_rng(0).normal(size=(640, 8)).astype("float32")
net = NeuralNetClassifier(torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 2), torch.nn.Softmax(dim=-1)),
                          max_epochs=20, lr=0.1)
net.fit(X, (X[:, 0] > 0).astype("int64"))
