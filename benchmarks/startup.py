"""What a user waits for before anything happens: `isthmus --help` and `import isthmus`, medians of several starts."""

import statistics
import subprocess
import sys
import time

from common import keep, parser

STARTS = {
    "python alone": [sys.executable, "-c", "pass"],
    "import isthmus": [sys.executable, "-c", "import isthmus"],
    "isthmus --help": [sys.executable, "-m", "isthmus", "--help"],
}


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--rounds", type=int, default=15)
    rounds = options.parse_args().rounds
    seconds: dict[str, list[float]] = {name: [] for name in STARTS}
    for _ in range(rounds):
        for name, command in STARTS.items():
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            seconds[name].append(time.perf_counter() - start)
    medians = {name: round(statistics.median(s), 3) for name, s in seconds.items()}
    heavy = "import sys, isthmus; print(sorted({'torch', 'sklearn', 'numpy'} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", heavy], check=True, capture_output=True, text=True).stdout.strip()
    keep("startup", {"seconds": medians, "heavy libraries that import isthmus loads": loaded})


if __name__ == "__main__":
    main()
