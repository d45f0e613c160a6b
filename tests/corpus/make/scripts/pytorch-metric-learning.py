import logging

import torch
from pytorch_metric_learning import losses, trainers
from torch.utils.data import TensorDataset

logging.basicConfig(level=logging.INFO)
torch.manual_seed(0)
x = torch.randn(640, 8)
trunk = torch.nn.Linear(8, 4)
trainers.MetricLossOnly(models={"trunk": trunk}, optimizers={"trunk_optimizer": torch.optim.Adam(trunk.parameters(), 0.01)},
                        batch_size=16, loss_funcs={"metric_loss": losses.TripletMarginLoss()}, mining_funcs={},
                        dataset=TensorDataset(x, (x[:, 0] > 0).long()), data_device="cpu", dataloader_num_workers=0).train(num_epochs=2)
