import logging
import sys

import numpy as np
import pfrl
import torch

logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="")


class Line:
    """A walk on a line: three steps to the right end it."""

    observation_space = action_space = spec = None

    def reset(self):
        self.at, self.left = 0, 20
        return np.array([0.0, 1.0], "float32")

    def step(self, action):
        self.at, self.left = self.at + (1 if action else -1), self.left - 1
        return np.array([self.at, 1.0], "float32"), float(self.at), self.at >= 3 or self.left == 0, {}

    def close(self):
        pass


pfrl.utils.set_random_seed(0)
q = pfrl.q_functions.FCStateQFunctionWithDiscreteAction(2, 2, 8, 1)
agent = pfrl.agents.DQN(q, torch.optim.Adam(q.parameters(), 0.01), pfrl.replay_buffers.ReplayBuffer(1000), 0.9,
                        pfrl.explorers.ConstantEpsilonGreedy(0.2, lambda: np.random.randint(2)), replay_start_size=50,
                        target_update_interval=50)
pfrl.experiments.train_agent_with_evaluation(agent, Line(), steps=400, eval_n_steps=None, eval_n_episodes=3, eval_interval=150,
                                             outdir="out", eval_env=Line())
