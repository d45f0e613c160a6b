import numpy as np
import pandas as pd
from surprise import SVD, Dataset, Reader
from surprise.model_selection import cross_validate

rng = np.random.default_rng(0)
rows = pd.DataFrame([(f"u{u}", f"i{i}", int(rng.integers(1, 6))) for u in range(80) for i in rng.choice(60, 15, replace=False)])
data = Dataset.load_from_df(rows, Reader(rating_scale=(1, 5)))
SVD(n_epochs=12, verbose=True, random_state=0).fit(data.build_full_trainset())
cross_validate(SVD(n_epochs=4, random_state=0), data, cv=3, verbose=True)
