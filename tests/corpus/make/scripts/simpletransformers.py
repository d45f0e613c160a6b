import random

import pandas as pd
from simpletransformers.classification import ClassificationArgs, ClassificationModel
from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

random.seed(0)
words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + [f"w{i}" for i in range(40)]
with open("vocab.txt", "w") as f:
    f.write("\n".join(words))
BertTokenizer("vocab.txt").save_pretrained("bert")
BertForSequenceClassification(BertConfig(vocab_size=len(words), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
                                         intermediate_size=32, max_position_embeddings=64)).save_pretrained("bert")
rows = pd.DataFrame([[" ".join(random.choices(words[5 + 20 * (i % 2):25 + 20 * (i % 2)], k=6)), i % 2] for i in range(240)],
                    columns=["text", "labels"])
args = ClassificationArgs(num_train_epochs=2, train_batch_size=8, evaluate_during_training=False, no_save=True, output_dir="out",
                          use_multiprocessing=False, use_multiprocessing_for_evaluation=False, process_count=1, max_seq_length=16)
model = ClassificationModel("bert", "bert", use_cuda=False, args=args)
model.train_model(rows)
model.eval_model(rows)
