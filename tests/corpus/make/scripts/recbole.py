import os
import random

from recbole.quick_start import run_recbole

random.seed(0)
os.makedirs("dataset/tiny")
with open("dataset/tiny/tiny.inter", "w") as f:
    f.write("user_id:token\titem_id:token\trating:float\ttimestamp:float\n")
    for user in range(200):
        for item in random.sample(range(120), 15):
            f.write(f"u{user}\ti{item}\t{random.randint(1, 5)}\t{random.randint(1, 9999)}\n")
run_recbole(model="BPR", dataset="tiny", saved=False, config_dict={
    "data_path": "dataset", "epochs": 5, "train_batch_size": 128, "stopping_step": 3, "show_progress": True,
    "load_col": {"inter": ["user_id", "item_id", "rating", "timestamp"]}})
