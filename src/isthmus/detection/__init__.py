"""Finding anomalies: what is strange, how sure that is, and why."""

from isthmus.detection.detector import Detector
from isthmus.detection.reasons import Reason
from isthmus.detection.steps import Stretch

__all__ = ["Detector", "Reason", "Stretch"]
