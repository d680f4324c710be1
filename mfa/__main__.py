"""``python -m mfa`` is the command ``mfa``."""

from mfa.cli import main

if __name__ == "__main__":
    main()
