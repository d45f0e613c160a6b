import json
import os

import numpy as np

for name in ("raw", "preprocessed", "results"):
    os.makedirs(name, exist_ok=True)
    os.environ["nnUNet_" + name] = os.path.abspath(name)
os.environ["nnUNet_n_proc_DA"] = os.environ["nnUNet_def_n_proc"] = "2"
os.environ["nnUNet_compile"] = "f"
import SimpleITK  # noqa: E402
from nnunetv2.experiment_planning.plan_and_preprocess_api import (extract_fingerprints, plan_experiments,  # noqa: E402
                                                                  preprocess)
from nnunetv2.run.run_training import get_trainer_from_args  # noqa: E402
import torch  # noqa: E402

if __name__ == "__main__":
    rng, folder = np.random.default_rng(0), "raw/Dataset001_Dots/"
    os.makedirs(folder + "imagesTr")
    os.makedirs(folder + "labelsTr")
    for i in range(10):
        image = rng.normal(size=(1, 32, 32)).astype("float32")
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(image), f"{folder}imagesTr/d{i}_0000.nii.gz")
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray((image > 1).astype("uint8")), f"{folder}labelsTr/d{i}.nii.gz")
    with open(folder + "dataset.json", "w") as f:
        json.dump({"channel_names": {"0": "x"}, "labels": {"background": 0, "dot": 1}, "numTraining": 10, "file_ending": ".nii.gz"}, f)
    extract_fingerprints([1], num_processes=1)
    plan_experiments([1])
    preprocess([1], configurations=["2d"], num_processes=[1])
    trainer = get_trainer_from_args("1", "2d", 0, device=torch.device("cpu"))
    trainer.num_epochs, trainer.num_iterations_per_epoch, trainer.num_val_iterations_per_epoch = 3, 3, 2
    trainer.run_training()
