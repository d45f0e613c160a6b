import anndata
import numpy as np
import scvi

scvi.settings.seed = 0
cells = anndata.AnnData(np.random.default_rng(0).poisson(1.0, size=(400, 50)).astype("float32"))
scvi.model.SCVI.setup_anndata(cells)
scvi.model.SCVI(cells, n_latent=4).train(max_epochs=12, accelerator="cpu", check_val_every_n_epoch=4)
