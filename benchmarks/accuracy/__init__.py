"""Accuracy predictors on the published tables: targets and the paper's figures beside what was measured."""
