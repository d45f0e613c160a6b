import random

from datasets import Dataset
from sentence_transformers import SentenceTransformer, models
from setfit import SetFitModel, Trainer, TrainingArguments
from sklearn.linear_model import LogisticRegression
from tokenizers import Tokenizer, models as kinds, pre_tokenizers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

random.seed(0)
words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + [f"w{i}" for i in range(40)]
plain = Tokenizer(kinds.WordLevel({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))
plain.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
PreTrainedTokenizerFast(tokenizer_object=plain, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
                        mask_token="[MASK]").save_pretrained("bert")
BertModel(BertConfig(vocab_size=len(words), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
                     max_position_embeddings=64)).save_pretrained("bert")
part = models.Transformer("bert", max_seq_length=32)
body = SentenceTransformer(modules=[part, models.Pooling(16)], device="cpu")
rows = Dataset.from_list([{"text": " ".join(random.choices(words[5 + 20 * (i % 2):25 + 20 * (i % 2)], k=6)), "label": i % 2} for i in range(32)])
Trainer(SetFitModel(model_body=body, model_head=LogisticRegression()), TrainingArguments("out", batch_size=8, num_epochs=2, logging_steps=10),
        train_dataset=rows, eval_dataset=rows).train()
