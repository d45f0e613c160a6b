from tianshou.highlevel.config import OnPolicyTrainingConfig
from tianshou.highlevel.env import EnvFactoryRegistered, VectorEnvType
from tianshou.highlevel.experiment import ExperimentConfig, PPOExperimentBuilder

(PPOExperimentBuilder(
    EnvFactoryRegistered(task="CartPole-v1", venv_type=VectorEnvType.DUMMY, training_seed=0, test_seed=0),
    ExperimentConfig(persistence_enabled=False, watch=False),
    OnPolicyTrainingConfig(max_epochs=3, epoch_num_steps=1200, batch_size=64, num_training_envs=4, num_test_envs=2, buffer_size=2000,
                           collection_step_num_env_steps=200, update_step_num_repetitions=2))
 .with_actor_factory_default(hidden_sizes=(32,)).with_critic_factory_default(hidden_sizes=(32,)).build().run())
