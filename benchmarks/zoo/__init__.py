"""A zoo of 62 networks as engineers use them: made with random weights, converted, and measured through an agent."""
