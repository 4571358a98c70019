"""The method of the paper, Multi-Predict (Akhauri and Abdelfattah, AutoML 2023), and its row initialisations."""
