import json
import random
import subprocess
import sys

random.seed(0)
for part, n in ("train", 400), ("valid", 80):
    with open(part + ".jsonl", "w") as f:
        for _ in range(n):
            label = random.choice(["good", "bad"])
            f.write(json.dumps({"text": " ".join(random.choices((label + "ish the a very so").split(), k=6)), "label": label}) + "\n")
with open("config.json", "w") as f:
    json.dump({"dataset_reader": {"type": "text_classification_json"}, "train_data_path": "train.jsonl",
               "validation_data_path": "valid.jsonl",
               "model": {"type": "basic_classifier", "seq2vec_encoder": {"type": "bag_of_embeddings", "embedding_dim": 8},
                         "text_field_embedder": {"token_embedders": {"tokens": {"type": "embedding", "embedding_dim": 8}}}},
               "data_loader": {"batch_size": 8, "shuffle": True},
               "trainer": {"optimizer": "adam", "num_epochs": 2, "cuda_device": -1}}, f)
subprocess.run([sys.executable, "-m", "allennlp", "train", "config.json", "-s", "out"], check=True)
