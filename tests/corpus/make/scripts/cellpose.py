import numpy as np
from cellpose import io, models, train

io.logger_setup()
rng = np.random.default_rng(0)
images, labels = [], []
for i in range(6):
    label = np.zeros((64, 64), "int32")
    for k in range(6):
        x, y = rng.integers(0, 50, 2)
        label[x:x + 12, y:y + 12] = k + 1
    labels.append(label)
    images.append((label > 0) * 1.0 + rng.random((64, 64)) * 0.2)
model = models.CellposeModel(gpu=False, pretrained_model=False)
train.train_seg(model.net, train_data=images, train_labels=labels, test_data=images[:2], test_labels=labels[:2], n_epochs=11, batch_size=2,
                min_train_masks=1, save_path=".", SGD=False, learning_rate=0.001, nimg_per_epoch=2, channels=[0, 0])
