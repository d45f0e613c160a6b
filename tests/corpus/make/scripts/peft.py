import torch
from peft import LoraConfig, get_peft_model
from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments

torch.manual_seed(0)
model = get_peft_model(GPT2LMHeadModel(GPT2Config(vocab_size=60, n_positions=32, n_embd=16, n_layer=1, n_head=2)),
                       LoraConfig(task_type="CAUSAL_LM", r=4, target_modules=["c_attn"], fan_in_fan_out=True))
model.print_trainable_parameters()
rows = [{"input_ids": ids, "labels": ids} for ids in torch.randint(0, 60, (240, 12))]
Trainer(model, TrainingArguments("out", max_steps=90, per_device_train_batch_size=4, logging_steps=15, use_cpu=True, report_to="none",
                                 save_strategy="no"), train_dataset=rows).train()
