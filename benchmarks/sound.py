"""SI-SDR of spoken digits of speakers not trained on, under white noise and babble, beside spectral gating.

    python benchmarks/sound.py --steps 1500

Of FSDD's four speakers three are learned, takes 5 to 49, and takes 0 to 4 of the fourth are judged. The babble of the
test is five voices, each a take 0 to 4 of the other three, which nothing was learned from. The minutes of training that
are kept are the processor's, not the clock's. Spectral gating is noisereduce's (`pip install noisereduce`), in both
modes and with windows of 256, 512 and, its own default, 1024 samples; the best of the six is taken, anew for each kind
of noise and ratio.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from common import keep, parser

import numpy as np  # isort: skip - after isthmus, which common imports
import soundfile

from isthmus import Autoencoder
from isthmus.data.mixing import mixed
from isthmus.data.soundpatches import cut_sounds
from isthmus.jobs.denoise_sound import babble_of, gated, si_sdr
from isthmus.restoration import SoundDenoiser

RATIOS = (0, 5, 10)
KINDS = ("white", "babble")
VOICES = 5
TEST_TAKES = 5
BATCH = 16
WINDOWS = (256, 512, 1024)
Takes = dict[tuple[str, int, int], np.ndarray]


def recordings(path: Path) -> tuple[Takes, int]:
    """Samples from -1 to 1 by speaker, digit and take; and their rate."""
    with np.load(path) as arrays:
        samples, ends = arrays["samples"] / 32768, arrays["offsets"]
        keys = zip(arrays["speaker"].tolist(), arrays["digit"].tolist(), arrays["index"].tolist(), strict=True)
        return {key: samples[ends[i] : ends[i + 1]] for i, key in enumerate(keys)}, int(arrays["sample_rate"])


def trained(takes: Takes, rate: int, without: str, steps: int) -> Autoencoder:
    """Fitted as `isthmus fit FOLDER --recipe denoising --noise any:0-10` does, for about so many steps."""
    with tempfile.TemporaryDirectory() as folder:
        for (speaker, digit, take), sound in takes.items():
            if speaker != without and take >= TEST_TAKES:
                soundfile.write(Path(folder) / f"{speaker}_{digit}_{take}.wav", sound, rate)
        target, seen = cut_sounds(folder, noise="any:0-10")
    start, epochs = time.process_time(), max(1, round(steps * BATCH / target.n))
    model = Autoencoder("restoring", options={"noise": "none"}, epochs=epochs, validation=0, random_state=0)
    model.fit(target, seen=seen)
    model.record_["minutes"] = round((time.process_time() - start) / 60, 1)
    return model


def judged(denoiser: SoundDenoiser, takes: Takes, rate: int, speaker: str) -> dict[str, dict[str, float]]:
    """Mean improvement of SI-SDR by every method, by kind of noise and ratio."""
    voices = [sound for (who, _, take), sound in takes.items() if who != speaker and take < TEST_TAKES]
    found: dict[str, dict[str, list[float]]] = {}
    for kind in KINDS:
        for ratio in RATIOS:
            for noisy, clean in noisy_ones(takes, speaker, voices, kind, ratio):
                before, at = si_sdr(noisy, clean), found.setdefault(f"{kind} {ratio}", {})
                for method, sound in methods(denoiser, noisy, rate):
                    at.setdefault(method, []).append(si_sdr(sound, clean) - before)
    return {at: {method: float(np.mean(gains)) for method, gains in by.items()} for at, by in found.items()}


def noisy_ones(
    takes: Takes, speaker: str, voices: list[np.ndarray], kind: str, ratio: float
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(0)
    for (who, _, take), clean in takes.items():
        if who == speaker and take < TEST_TAKES:
            some = [voices[i] for i in rng.choice(len(voices), VOICES, replace=False)]
            noise = rng.standard_normal(len(clean)) if kind == "white" else babble_of(some, len(clean), rng)
            yield mixed(clean, noise, ratio), clean


def methods(denoiser: SoundDenoiser, noisy: np.ndarray, rate: int) -> Iterator[tuple[str, np.ndarray]]:
    yield "Isthmus", denoiser.denoise(noisy, rate)
    for window in WINDOWS:
        for name, sound in gated(noisy[:, None], rate, window).items():
            yield f"{name}, {window}", sound[:, 0]


def with_the_best(by: dict[str, float]) -> dict[str, float | str]:
    """Ours, and the best of the others with its name."""
    others = {name: gain for name, gain in by.items() if name != "Isthmus"}
    best = max(others, key=lambda name: others[name])
    return {"Isthmus": round(by["Isthmus"], 2), "spectral gating": round(others[best], 2), "best mode": best}


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--steps", type=int, default=1500, help="of training (default: %(default)s)")
    options.add_argument("--speakers", nargs="+", default=["george", "yweweler"], help="held out, one after the other")
    asked = options.parse_args()
    takes, rate = recordings(asked.data / "audio" / "fsdd.npz")
    results = {}
    for speaker in asked.speakers:
        model = trained(takes, rate, speaker, asked.steps)
        found = judged(SoundDenoiser(model), takes, rate, speaker)
        about = {"steps": model.record_["steps"], "minutes": model.record_["minutes"]}
        results[speaker] = about | {"improvement": {at: with_the_best(by) for at, by in found.items()}}
        keep("sound", results)


if __name__ == "__main__":
    main()
