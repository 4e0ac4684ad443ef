"""``python -m lab``. FortiSOAR's worker processes import this module too, so it does nothing but start the command."""

if __name__ == "__main__":
    from lab.cli import main

    raise SystemExit(main())
