"""Run a network on a device: engines, devices, and the worker process in which readings run.

A network module comes in, arrays come out. torch is imported only when an engine is built.
"""
