"""Lightning's TensorBoardLogger."""
import sys

import torch
import lightning


class Model(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.save_hyperparameters({"lr": 0.1})
        self.layer = torch.nn.Linear(4, 1)

    def training_step(self, batch, _):
        loss = self.layer(batch[0]).pow(2).mean()
        self.log("train_loss", loss)
        return loss

    def validation_step(self, batch, _):
        self.log("val_loss", self.layer(batch[0]).abs().mean())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


lightning.seed_everything(1)
data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.rand(64, 4)), batch_size=8)
lightning.Trainer(max_epochs=3, log_every_n_steps=2, enable_progress_bar=False, enable_model_summary=False,
                  enable_checkpointing=False,
                  logger=lightning.pytorch.loggers.TensorBoardLogger(sys.argv[1])).fit(Model(), data, data)
