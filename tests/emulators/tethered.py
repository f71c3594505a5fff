"""Become a command that dies with its parent: ``tethered.py PARENT COMMAND ...``.

A test run may be killed without a chance to clean up. The kernel then kills what was started here:
the wish outlives the exec (prctl(2), PR_SET_PDEATHSIG). Only Linux has it. The parent is, strictly,
the thread that starts this: start servers from one that lasts.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, *command = sys.argv[1:]
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) != 0:
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != int(parent):  # it died before the kernel knew our wish
        sys.exit("the parent is gone")
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
