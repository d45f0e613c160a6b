import numpy as np
import pandas as pd
from pytorch_widedeep import Trainer
from pytorch_widedeep.metrics import Accuracy
from pytorch_widedeep.models import TabMlp, WideDeep
from pytorch_widedeep.preprocessing import TabPreprocessor

rng = np.random.default_rng(0)
frame = pd.DataFrame(rng.normal(size=(640, 4)), columns=list("abcd"))
y = (frame["a"] > 0).astype(int).values
shape = TabPreprocessor(continuous_cols=list("abcd"))
X = shape.fit_transform(frame)
model = WideDeep(deeptabular=TabMlp(column_idx=shape.column_idx, continuous_cols=list("abcd"), mlp_hidden_dims=[16, 8]))
Trainer(model, objective="binary", metrics=[Accuracy]).fit(X_tab=X, target=y, n_epochs=3, batch_size=16, val_split=0.2)
