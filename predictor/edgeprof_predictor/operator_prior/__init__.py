"""Operators of a device as the prior of a search space: what whole networks cost follows from what was measured before.

The log of a latency is a sum: what the operators of the network tell, a level of the space, and a rest.

- `space_totals`: latencies of some networks by the device's operator model, the level of the space, and the samples'
  own operators, which join the model.
- `joined_latencies`: the same for engines that tell no times of operators.
- `log_process`: the Gaussian processes that carry these latencies to all other networks, and learn the rest.
- `method` joins them; `predictor` is what remains of a platform, and is saved.
"""
