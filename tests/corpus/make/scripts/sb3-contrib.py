import sys

from sb3_contrib import QRDQN, RecurrentPPO

if sys.argv[1:] == ["bar"]:
    QRDQN("MlpPolicy", "CartPole-v1", seed=0, learning_starts=50).learn(1500, progress_bar=True)
else:
    RecurrentPPO("MlpLstmPolicy", "CartPole-v1", n_steps=64, batch_size=32, n_epochs=2, verbose=1, seed=0).learn(320)
