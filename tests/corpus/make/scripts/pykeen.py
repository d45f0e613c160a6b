import numpy as np
from pykeen.pipeline import pipeline
from pykeen.triples import TriplesFactory

rng = np.random.default_rng(0)
rows = [(f"e{a}", f"r{b}", f"e{c}") for a, b, c in zip(rng.integers(0, 60, 900), rng.integers(0, 5, 900), rng.integers(0, 60, 900))]
training, testing = TriplesFactory.from_labeled_triples(np.array(rows)).split(0.9, random_state=0)
pipeline(training=training, testing=testing, model="TransE", random_seed=0, device="cpu",
         training_kwargs={"num_epochs": 12, "batch_size": 64}, model_kwargs={"embedding_dim": 16})
