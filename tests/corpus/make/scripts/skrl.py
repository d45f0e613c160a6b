import gymnasium as gym
import torch
from skrl.agents.torch.dqn import DQN
from skrl.envs.wrappers.torch import wrap_env
from skrl.memories.torch import RandomMemory
from skrl.trainers.torch import SequentialTrainer
from skrl.utils import set_seed
from skrl.utils.model_instantiators.torch import deterministic_model

set_seed(0)
env = wrap_env(gym.make("CartPole-v1"))
network = [{"name": "net", "input": "OBSERVATIONS", "layers": [16], "activations": "relu"}]
models = {name: deterministic_model(observation_space=env.observation_space, action_space=env.action_space, device="cpu", network=network,
                                    output="ACTIONS") for name in ("q_network", "target_q_network")}
agent = DQN(models=models, memory=RandomMemory(memory_size=500, num_envs=1, device="cpu"), cfg={"batch_size": 16, "learning_starts": 50},
            observation_space=env.observation_space, action_space=env.action_space, device="cpu")
SequentialTrainer(cfg={"timesteps": 800, "headless": True}, env=env, agents=agent).train()
