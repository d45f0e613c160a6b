import blackjax
import jax
import jax.numpy as jnp

sampler = blackjax.nuts(lambda x: -0.5 * jnp.sum(x ** 2), step_size=0.3, inverse_mass_matrix=jnp.ones(3))
blackjax.util.run_inference_algorithm(jax.random.key(0), sampler, num_steps=2000, initial_position=jnp.ones(3), progress_bar=True)
