import logging
import sys

import torch
import torch_geometric.graphgym.register as register
from torch_geometric.data import Data
from torch_geometric.graphgym.config import cfg, set_cfg
from torch_geometric.graphgym.loader import create_loader
from torch_geometric.graphgym.logger import LoggerCallback
from torch_geometric.graphgym.model_builder import create_model
from torch_geometric.graphgym.train import GraphGymDataModule, train

torch.manual_seed(0)
logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
set_cfg(cfg)
cfg.merge_from_list(["dataset.format", "rings", "dataset.task", "graph", "model.graph_pooling", "add", "optim.max_epoch", 4, "gnn.dim_inner", 8,
                     "train.batch_size", 8, "train.eval_period", 2, "accelerator", "cpu", "share.dim_in", 4, "share.dim_out", 2,
                     "out_dir", "out", "run_dir", "out/0", "train.ckpt_period", 100])


@register.register_loader("rings")
def rings(format, name, folder):
    edges = torch.stack([torch.arange(6), torch.roll(torch.arange(6), 1)])
    return [Data(x=torch.randn(6, 4), edge_index=edges, y=torch.tensor([i % 2])) for i in range(120)] if format == "rings" else None


import os  # noqa: E402

os.makedirs("out/0", exist_ok=True)
train(create_model(), GraphGymDataModule(), logger=True, trainer_config={"enable_progress_bar": False})
