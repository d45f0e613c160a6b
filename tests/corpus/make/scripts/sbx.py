from sbx import DQN

DQN("MlpPolicy", "CartPole-v1", learning_starts=100, verbose=1, seed=0).learn(1500, log_interval=10)
