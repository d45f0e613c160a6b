import sys

from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import EvalCallback

import gymnasium

model = PPO("MlpPolicy", "CartPole-v1", n_steps=256, batch_size=64, n_epochs=3, verbose=1, seed=0)
model.learn(1500, callback=EvalCallback(gymnasium.make("CartPole-v1"), eval_freq=500) if sys.argv[1] == "eval" else None)
