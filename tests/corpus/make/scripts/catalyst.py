import torch
from catalyst import dl
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(640, 8)
data = TensorDataset(x, (x[:, 0] > 0).long())
loaders = {"train": DataLoader(data, batch_size=16), "valid": DataLoader(data, batch_size=32)}
model = torch.nn.Linear(8, 2)
runner = dl.SupervisedRunner(input_key="features", output_key="logits", target_key="targets", loss_key="loss")
runner.train(model=model, criterion=torch.nn.CrossEntropyLoss(), optimizer=torch.optim.Adam(model.parameters(), 0.01),
             loaders=loaders, num_epochs=3, logdir="out", valid_loader="valid", valid_metric="loss", minimize_valid_metric=True,
             verbose=True, callbacks=[dl.AccuracyCallback(input_key="logits", target_key="targets")])
