import logging
import time

import speechbrain as sb
import torch
from speechbrain.utils.train_logger import FileTrainLogger
from torch.utils.data import DataLoader, TensorDataset

logging.basicConfig(level=logging.INFO, format="%(name)s - %(message)s")
torch.manual_seed(0)
x = torch.randn(192, 8)
data = DataLoader(TensorDataset(x, (x[:, 0] > 0).long()), batch_size=16)


class Words(sb.Brain):
    def compute_forward(self, batch, stage):
        time.sleep(0.01)
        return self.modules.net(batch[0])

    def compute_objectives(self, predictions, batch, stage):
        return torch.nn.functional.cross_entropy(predictions, batch[1])

    def on_stage_end(self, stage, loss, epoch):
        if stage == sb.Stage.TRAIN:
            self.train_loss = loss
        if stage == sb.Stage.VALID:
            self.hparams.logger.log_stats({"epoch": epoch, "lr": 0.01}, {"loss": self.train_loss}, {"loss": loss, "WER": 100 * float(loss)})


brain = Words(modules={"net": torch.nn.Linear(8, 2)}, opt_class=lambda p: torch.optim.Adam(p, 0.01),
              hparams={"logger": FileTrainLogger("train_log.txt")}, run_opts={"device": "cpu"})
brain.fit(range(1, 4), data, data)
