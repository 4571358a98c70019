"""ONNX graphs written as `.tflite` files, without TensorFlow and torch.

A graph is read (`graph.py`), what converters merge is merged (`fusion.py`), and each operator is written as the
built-in ones of TensorFlow Lite that compute the same (`conversion.py` has the table). Images get their channels last
(`translation.py`). `file.py` writes the file. Only graphs whose shapes are all fixed are written.
"""
