"""Training speed of the same networks in Isthmus's fit, Pythae 0.1.2's trainer and a plain PyTorch loop.

Rounds are interleaved and the median of the rounds' ratios is given, so that a machine that slows down slows all. Each
loop is timed whole, with all that goes on in it, after a fit that isn't timed; making the networks is not. Each cell
runs in a process of its own. The last part keeps one core busy by another process and gives the share of its speed
that a fit keeps; then ten epochs of each are compared by their loss on test pictures.
"""

import json
import statistics
import subprocess
import sys
import time

from common import keep, mnist, parser

CELLS = [
    ("mlp", 128, 20_000),
    ("mlp", 1024, 40_000),
    ("conv", 128, 10_240),
    ("conv", 1024, 10_240),
    ("wide conv", 128, 640),
]
EPOCHS = {"mlp": 5, "conv": 1, "wide conv": 1}
BUSY = "import time\nend = time.time() + {seconds}\nwhile time.time() < end: pass"


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--cell", help="used by itself: one cell as JSON")
    asked = options.parse_args()
    if asked.cell:
        print(json.dumps(one_cell(asked.data, **json.loads(asked.cell))))
        return
    results: dict = {"cells": [], "busy": []}
    for name, batch, rows in CELLS:
        cell = {"name": name, "batch": batch, "rows": rows, "rounds": asked.rounds}
        results["cells"].append(in_process(asked.data, cell))
        print(results["cells"][-1], flush=True)
    for batch in (128, 1024):
        results["busy"].append(with_a_busy_core(asked.data, batch))
        print(results["busy"][-1], flush=True)
    results["equal loss"] = in_process(asked.data, {"name": "mlp", "batch": 128, "rows": 60_000, "rounds": 0})
    keep("throughput", results)


def in_process(data, cell: dict) -> dict:
    command = [sys.executable, __file__, "--data", str(data), "--cell", json.dumps(cell)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def with_a_busy_core(data, batch: int) -> dict:
    cell = {"name": "mlp", "batch": batch, "rows": 20_000, "rounds": 1, "peers": ["isthmus"]}
    shares = []
    for _ in range(2):
        alone = in_process(data, cell)["isthmus"]
        other = subprocess.Popen([sys.executable, "-c", BUSY.format(seconds=300)])
        time.sleep(0.5)
        shares.append(in_process(data, cell)["isthmus"] / alone)
        other.kill()
        other.wait()
    return {"batch": batch, "speed kept": round(statistics.median(shares), 2)}


def one_cell(data, name: str, batch: int, rows: int, rounds: int, peers: list[str] | None = None) -> dict:
    import torch
    from peers import NETWORKS, PEERS

    train, test = mnist(data)
    network = next(n for n in NETWORKS if n.name == name)
    x = torch.from_numpy(train[:rows]).float()[:, None] / 255
    if not rounds:
        return equal_loss(PEERS, network, x, torch.from_numpy(test).float()[:, None] / 255, batch)
    speeds: dict[str, list[float]] = {peer: [] for peer in peers or PEERS}
    for round_ in range(rounds + 1):
        for peer in speeds:
            seconds = PEERS[peer](network, x, epochs=EPOCHS[name], batch=batch, learning_rate=1e-3)[0]
            if round_:  # the first round warms up
                speeds[peer].append(EPOCHS[name] * rows / seconds)
    found = {"network": name, "batch": batch, **{peer: round(statistics.median(s)) for peer, s in speeds.items()}}
    for peer in set(speeds) - {"isthmus"}:
        ratios = [a / b for a, b in zip(speeds["isthmus"], speeds[peer], strict=True)]
        found[f"ratio to {peer}"] = round(statistics.median(ratios), 2)
    return found


def equal_loss(peers, network, x, test, batch: int) -> dict:
    """Negative ELBO on test pictures after ten epochs each at equal mean learning rate, in nats."""
    import torch

    losses = {}
    for peer, fit in peers.items():
        learning_rate = 2e-3 if peer == "isthmus" else 1e-3
        loss = fit(network, x, epochs=10, batch=batch, learning_rate=learning_rate)[1]
        with torch.no_grad():
            torch.manual_seed(0)
            losses[peer] = round(float(torch.cat([loss(rows) for rows in test.split(1000)]).mean()), 2)
    return losses


if __name__ == "__main__":
    main()
