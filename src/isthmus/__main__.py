"""`python -m isthmus`."""

from isthmus.cli import run

if __name__ == "__main__":
    run()
