"""Finding anomalies: what is strange, how sure that is, and why."""

from isthmus.detection.detector import Detector

__all__ = ["Detector"]
