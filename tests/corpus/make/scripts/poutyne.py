import torch
from poutyne import Model
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(640, 8)
data = TensorDataset(x, (x[:, 0] > 0).long())
net = torch.nn.Linear(8, 2)
Model(net, "adam", "cross_entropy", batch_metrics=["accuracy"]).fit_generator(DataLoader(data, 16), DataLoader(data, 16), epochs=3)
