"""Isthmus: autoencoders as a tool people can rely on."""

__version__ = "0.1.0"
