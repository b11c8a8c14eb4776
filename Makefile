# Everything a developer runs. `make` alone lists it.
PYTHON ?= python3
BIN ?= .venv/bin
BOOTSTRAP ?= $(PYTHON) .ci/bootstrap.py
SHOP_PORT ?= 5000
SANDBOX_PORT ?= 8042
# Where pyenv keeps its Pythons; tox finds those on PATH by itself.
PYTHONS ?= $(wildcard $(HOME)/.pyenv/versions/3.1[0-9].*/bin/python)
# More arguments for pytest, for example: make test ARGS="tests/protocol -x"
ARGS ?=

export SHOP_PORT SANDBOX_PORT

.DEFAULT_GOAL := help
.PHONY: help run test crash simulation fuzz bench check format docs picture music tox clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 18

run: ## the DigitalDownload shop, the FPS sandbox and a worker (SHOP_PORT, SANDBOX_PORT)
	@$(BOOTSTRAP) example
	@$(BIN)/python -m example_app

test: ## the suite, with a browser (ARGS="...")
	@$(BOOTSTRAP) --browser test
	$(BIN)/python -m pytest -n 2 --durations=10 $(ARGS)

crash: ## kill the shop's processes at every point and look for the money (CRASH_KILLS=3000, CRASH_SEED)
	@$(BOOTSTRAP) test
	$(BIN)/python -m tests.crash

simulation: ## live through thousands of histories, each from its seed (SIM_HISTORIES=20000, SIM_FIRST, SIM_SEED)
	@$(BOOTSTRAP) test
	$(BIN)/python -m tests.simulation

fuzz: ## mutated requests to every door of the sandbox: no 500, no change of the books (FUZZ_SECONDS=1200, FUZZ_SEED)
	@$(BOOTSTRAP) test
	$(BIN)/python -m tests.fuzz

bench: ## how fast the sandbox is, what a second worker is worth, what one needs; writes benchmarks/results.json
	@$(BOOTSTRAP) test
	$(BIN)/python -m benchmarks

check: ## format, lint, types, layers, docs
	@$(BOOTSTRAP) dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy flask_fps example_app tests benchmarks
	$(BIN)/lint-imports
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs build/docs

format: ## put the code in form
	@$(BOOTSTRAP) dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: ## the documentation, in build/docs/index.html
	@$(BOOTSTRAP) docs
	$(BIN)/python -m sphinx -W --keep-going -b html docs build/docs

picture: ## take the README's picture of the dance again
	@$(BOOTSTRAP) --browser dev
	$(BIN)/python -m docs.picture

music: ## compose the example shop's tracks again
	@$(BOOTSTRAP) dev
	$(BIN)/python -m example_app.compose

tox: ## the story from the wheel on every Python that is installed, and on the lowest versions of what it needs
	@$(BOOTSTRAP) dev
	$(BIN)/tox run $(if $(PYTHONS),--discover $(PYTHONS)) $(if $(ARGS),-- $(ARGS))

clean: ## remove what was made here (the example shop keeps its data: instance/)
	rm -rf .venv build .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .tox
