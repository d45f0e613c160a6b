import torch
from ignite.contrib.handlers import ProgressBar
from ignite.engine import Events, create_supervised_evaluator, create_supervised_trainer
from ignite.metrics import Accuracy, Loss, RunningAverage

torch.manual_seed(0)
data = [(x, (x[:, 0] > 0).long()) for x in torch.randn(40, 16, 8)]
model = torch.nn.Linear(8, 2)
trainer = create_supervised_trainer(model, torch.optim.SGD(model.parameters(), 0.1), torch.nn.functional.cross_entropy)
RunningAverage(output_transform=lambda loss: loss).attach(trainer, "loss")
bar = ProgressBar()
bar.attach(trainer, ["loss"])
evaluator = create_supervised_evaluator(model, {"accuracy": Accuracy(), "loss": Loss(torch.nn.functional.cross_entropy)})


@trainer.on(Events.EPOCH_COMPLETED)
def evaluate(engine):
    evaluator.run(data)
    said = evaluator.state.metrics
    bar.log_message(f"Validation Results - Epoch: {engine.state.epoch}  Avg accuracy: {said['accuracy']:.2f} Avg loss: {said['loss']:.2f}")


trainer.run(data, max_epochs=3)
