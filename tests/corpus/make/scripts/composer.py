import sys

import torch
from composer import Trainer
from composer.models import ComposerClassifier
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(480, 8)
data = TensorDataset(x, (x[:, 0] > 0).long())
model = ComposerClassifier(torch.nn.Linear(8, 2), num_classes=2)
console = sys.argv[1:] == ["console"]
Trainer(model=model, train_dataloader=DataLoader(data, batch_size=16), eval_dataloader=DataLoader(data, batch_size=32),
        optimizers=torch.optim.Adam(model.parameters(), 0.01), max_duration="2ep", device="cpu", progress_bar=not console,
        log_to_console=console, console_log_interval="10ba", seed=0).fit()
