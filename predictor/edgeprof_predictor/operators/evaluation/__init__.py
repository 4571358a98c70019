"""How well latencies of unseen families are predicted: the protocol, its figures, and simpler predictors beside it."""
