import logging
import sys

import gym
import numpy as np
import pfrl
import torch
from pfrl import agents, experiments, explorers, q_functions, replay_buffers

logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="")


class Walk:
    observation_space = gym.spaces.Box(-9, 9, (1,), np.float32)
    action_space = gym.spaces.Discrete(2)

    def reset(self):
        self.at, self.time = 0.0, 0
        return np.array([0.0], "float32")

    def step(self, action):
        self.at += 1 if action else -1
        self.time += 1
        return np.array([self.at], "float32"), float(self.at), self.time >= 25, {}


q = q_functions.FCStateQFunctionWithDiscreteAction(1, 2, n_hidden_channels=16, n_hidden_layers=1)
agent = agents.DoubleDQN(q, torch.optim.Adam(q.parameters()), replay_buffers.ReplayBuffer(5000), 0.95,
                         explorers.ConstantEpsilonGreedy(0.2, lambda: np.random.randint(2)), replay_start_size=100,
                         target_update_interval=100, minibatch_size=16)
experiments.train_agent_with_evaluation(agent, Walk(), steps=1000, eval_n_steps=None, eval_n_episodes=4, eval_interval=300,
                                        outdir="out", train_max_episode_len=25, eval_env=Walk())
