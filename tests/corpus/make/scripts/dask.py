import time

import dask
from dask.diagnostics import ProgressBar


@dask.delayed
def fit(part):
    time.sleep(0.15)
    return part


with ProgressBar(dt=0.2):
    dask.compute(*[fit(i) for i in range(24)], scheduler="threads", num_workers=2)
