import random

from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast
from trl import DPOConfig, DPOTrainer

random.seed(0)
words = ["<pad>", "<eos>", "<unk>"] + [f"w{i}" for i in range(50)]
plain = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="<unk>"))
plain.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
tokenizer = PreTrainedTokenizerFast(tokenizer_object=plain, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>")


def text():
    return " ".join(random.choices(words[3:], k=5)) + " "


rows = Dataset.from_list([{"prompt": text(), "chosen": text(), "rejected": text()} for _ in range(160)])
model = GPT2LMHeadModel(GPT2Config(vocab_size=len(words), n_positions=64, n_embd=16, n_layer=1, n_head=2))
model.save_pretrained("model")
DPOTrainer(model=GPT2LMHeadModel.from_pretrained("model"), ref_model=GPT2LMHeadModel.from_pretrained("model"), train_dataset=rows,
           eval_dataset=rows.select(range(32)), processing_class=tokenizer,
           args=DPOConfig("out", num_train_epochs=2, per_device_train_batch_size=4, logging_steps=10, eval_strategy="epoch", use_cpu=True,
                          report_to="none", save_strategy="no")).train()
