"""Accuracy predictors: how well a network does at a task, known from a few that were trained."""
