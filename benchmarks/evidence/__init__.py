"""The evidence behind the default method: ten splits, few and no sources, an ablation, and the paper's claims."""
