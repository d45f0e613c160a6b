"""Trains a small convolutional network on real handwritten digits, as a sample job for mltop."""

__version__ = "0.1"
