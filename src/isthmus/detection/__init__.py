"""Finding anomalies: what is strange, how sure that is, and why."""

from isthmus.detection.detector import Detector
from isthmus.detection.reasons import Reason

__all__ = ["Detector", "Reason"]
