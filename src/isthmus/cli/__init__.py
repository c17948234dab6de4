"""The command line: reads arguments, calls one job, prints."""

import os
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0 done, 2 the user's mistake, 1 ours.

    A mistake is one clear line on standard error. ISTHMUS_DEBUG=1 shows the traceback of any fault.
    """
    from click.exceptions import Abort, ClickException, NoArgsIsHelpError

    from isthmus.cli.app import app
    from isthmus.errors import InputError, IsthmusError

    try:
        code = app.main(args=arguments, prog_name="isthmus", standalone_mode=False)
    except NoArgsIsHelpError as fault:
        print(fault.format_message(), file=sys.stderr)  # noqa: T201
        return 2
    except (Abort, KeyboardInterrupt):
        return _say("stopped", 130)
    except ClickException as fault:
        return _say(fault.format_message(), 2)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - the reader of our output has gone
        return 0
    except IsthmusError as fault:
        return _say(str(fault), 2 if isinstance(fault, InputError) else 1)
    except MemoryError:
        return _say("out of memory: give a smaller --memory, --batch-size or --hidden", 1)
    except Exception as fault:  # noqa: BLE001 - the last line of defence
        return _say(f"a fault of Isthmus itself, please report it: {type(fault).__name__}: {fault}", 1)
    return code if isinstance(code, int) else 0


def _say(message: str, code: int) -> int:
    if os.environ.get("ISTHMUS_DEBUG"):
        import traceback

        traceback.print_exc()
    print("isthmus: " + " ".join(message.split()), file=sys.stderr)  # noqa: T201
    return code


def run() -> None:
    """The console script."""
    sys.exit(main())
