import torch
from avalanche.benchmarks import nc_benchmark
from avalanche.benchmarks.utils import make_tensor_classification_dataset as tensors
from avalanche.models import SimpleMLP
from avalanche.training.supervised import Naive

torch.manual_seed(0)
x, y = torch.randn(800, 1, 4, 4), torch.arange(800) % 4
data = tensors(x, y)
data.targets = y.tolist()
scenario = nc_benchmark(data, data, n_experiences=2, task_labels=False, seed=0, shuffle=False)
model = SimpleMLP(num_classes=4, input_size=16)
strategy = Naive(model, torch.optim.SGD(model.parameters(), 0.05), torch.nn.CrossEntropyLoss(), train_mb_size=16, train_epochs=2,
                 eval_mb_size=32)
for experience in scenario.train_stream:
    strategy.train(experience)
    strategy.eval(scenario.test_stream)
