"""Accuracy predictors on the published tables: what issue and paper ask for, beside what was measured."""
