import keras_hub
import numpy as np

backbone = keras_hub.models.BertBackbone(vocabulary_size=50, num_layers=1, num_heads=2, hidden_dim=16, intermediate_dim=32, max_sequence_length=12)
model = keras_hub.models.BertTextClassifier(backbone=backbone, num_classes=2, preprocessor=None)
n = 320
x = {"token_ids": np.random.default_rng(0).integers(0, 50, (n, 12)), "segment_ids": np.zeros((n, 12), int), "padding_mask": np.ones((n, 12), int)}
model.fit(x, x["token_ids"][:, 0] % 2, epochs=2, batch_size=16)
