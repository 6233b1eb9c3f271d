"""Run a network on a device: engines, devices, and the worker process in which readings run.

A network module or an ONNX model comes in, arrays come out; what was computed before is kept. torch and ONNX Runtime
are imported only when an engine is built.
"""

import os

# Read when torch loads its threads. Waiting threads that spin take the processor from the window and from each other:
# with other programs running, a slice took 336 ms that way and 132 ms this way.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
