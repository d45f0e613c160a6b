import numpy as np
import pandas as pd
from pytorch_tabular import TabularModel
from pytorch_tabular.config import DataConfig, OptimizerConfig, TrainerConfig
from pytorch_tabular.models import CategoryEmbeddingModelConfig

frame = pd.DataFrame(np.random.default_rng(0).normal(size=(640, 3)), columns=list("abc"))
frame["y"] = (frame["a"] > 0).astype(int)
model = TabularModel(DataConfig(target=["y"], continuous_cols=list("abc")), CategoryEmbeddingModelConfig(task="classification", layers="16-8"),
                     OptimizerConfig(), TrainerConfig(batch_size=32, max_epochs=3, accelerator="cpu", checkpoints=None, early_stopping=None,
                                                      progress_bar="simple", load_best=False))
model.fit(train=frame, seed=0)
