"""Evaluation on tables that others published: importing them, comparing predictors, computing zero-cost proxies."""
