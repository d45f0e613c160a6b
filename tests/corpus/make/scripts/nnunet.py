import json
import os

for part in "raw", "preprocessed", "results":
    os.environ["nnUNet_" + part] = os.path.abspath(part)
    os.makedirs(part)
os.environ.update(nnUNet_compile="f", nnUNet_n_proc_DA="0")
import numpy as np  # noqa: E402
import torch  # noqa: E402
from PIL import Image  # noqa: E402

folder = "raw/Dataset001_Dots"
for part in "imagesTr", "labelsTr":
    os.makedirs(f"{folder}/{part}")
rng = np.random.default_rng(0)
for i in range(10):
    mask = np.zeros((48, 48), "uint8")
    x, y = rng.integers(8, 30, 2)
    mask[x:x + 10, y:y + 10] = 1
    Image.fromarray(mask).save(f"{folder}/labelsTr/c{i}.png")
    Image.fromarray((mask * 150 + rng.integers(0, 60, mask.shape)).astype("uint8")).save(f"{folder}/imagesTr/c{i}_0000.png")
with open(folder + "/dataset.json", "w") as f:
    json.dump({"channel_names": {"0": "grey"}, "labels": {"background": 0, "dot": 1}, "numTraining": 10, "file_ending": ".png"}, f)

if __name__ == "__main__":
    from nnunetv2.experiment_planning.plan_and_preprocess_api import extract_fingerprints, plan_experiments, preprocess
    from nnunetv2.run.run_training import get_trainer_from_args

    extract_fingerprints([1], num_processes=1)
    plan_experiments([1])
    preprocess([1], configurations=["2d"], num_processes=[1])
    trainer = get_trainer_from_args("1", "2d", 0, device=torch.device("cpu"))
    trainer.num_epochs, trainer.num_iterations_per_epoch, trainer.num_val_iterations_per_epoch = 3, 4, 2
    trainer.run_training()
