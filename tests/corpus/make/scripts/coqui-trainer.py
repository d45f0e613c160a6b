from dataclasses import dataclass, field

import torch
from torch import nn
from trainer import Trainer, TrainerArgs, TrainerConfig, TrainerModel


@dataclass
class Config(TrainerConfig):
    optimizer: str = "Adam"
    lr: float = 0.01
    epochs: int = 2
    batch_size: int = 16
    print_step: int = 5
    print_eval: bool = True
    save_step: int = 100000
    num_loader_workers: int = 0
    optimizer_params: dict = field(default_factory=dict)


class Small(TrainerModel):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 2)

    def forward(self, x):
        return self.layer(x)

    def train_step(self, batch, criterion):
        out = self(batch["x"])
        return {"model_outputs": out}, {"loss": criterion(out, batch["y"])}

    def eval_step(self, batch, criterion):
        return self.train_step(batch, criterion)

    @staticmethod
    def get_criterion():
        return nn.CrossEntropyLoss()

    def get_data_loader(self, config, is_eval, **_):
        torch.manual_seed(0)
        x = torch.randn(64 if is_eval else 320, 8)
        data = [{"x": row, "y": (row[0] > 0).long()} for row in x]
        return torch.utils.data.DataLoader(data, batch_size=config.batch_size)


Trainer(TrainerArgs(), Config(), output_path="out", model=Small()).fit()
