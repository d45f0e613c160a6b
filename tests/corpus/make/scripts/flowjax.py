import jax
import jax.random as jr
from flowjax.distributions import Normal
from flowjax.flows import masked_autoregressive_flow
from flowjax.train import fit_to_data
from jax import numpy as jnp

x = jr.normal(jr.key(0), (600, 2))
flow = masked_autoregressive_flow(jr.key(1), base_dist=Normal(jnp.zeros(2)), flow_layers=2, nn_width=8)
fit_to_data(jr.key(2), flow, x, max_epochs=25, batch_size=50, learning_rate=0.01)
