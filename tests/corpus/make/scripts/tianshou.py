from tianshou.highlevel.config import OffPolicyTrainingConfig
from tianshou.highlevel.env import EnvFactoryRegistered, VectorEnvType
from tianshou.highlevel.experiment import DQNExperimentBuilder, ExperimentConfig
from tianshou.highlevel.params.algorithm_params import DQNParams

(DQNExperimentBuilder(EnvFactoryRegistered(task="CartPole-v1", venv_type=VectorEnvType.DUMMY),
                      ExperimentConfig(persistence_enabled=False, watch=False),
                      OffPolicyTrainingConfig(max_epochs=2, epoch_num_steps=600, batch_size=32, num_training_envs=2, num_test_envs=2,
                                              buffer_size=1000, collection_step_num_env_steps=20, update_step_num_gradient_steps_per_sample=0.1,
                                              test_step_num_episodes=2))
 .with_dqn_params(DQNParams(lr=0.001)).with_model_factory_default(hidden_sizes=(16,)).build().run())
