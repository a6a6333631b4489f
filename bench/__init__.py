"""Speed and scale, always beside a floor in the same run. `make bench` runs it; `python -m bench --help` says how."""
