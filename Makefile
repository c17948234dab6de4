# Two commands do everything, set-up included: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint bench docs clean

demo: $(VENV)/core
	@mkdir -p demo
	$(BIN)/isthmus fit digits -o demo/digits.safetensors --force
	@echo "open demo/digits.html in a browser"

test: $(VENV)/dev lint
	$(BIN)/python -m pytest -n 2

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/bench
	cd benchmarks && for each in startup throughput inference memory mnist30; do ../$(BIN)/python $$each.py || exit 1; done

docs: $(VENV)/dev
	$(BIN)/python docs/figures.py
	$(BIN)/python docs/tables.py
	$(BIN)/python docs/recipes_page.py

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# torch first and pinned: the constraints keep every other package from asking for a newer one
$(VENV)/core: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet -c constraints.txt -e .
	@touch $@

$(VENV)/dev: $(VENV)/core
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev]"
	@touch $@

$(VENV)/bench: $(VENV)/dev
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[bench]"
	@touch $@

clean:
	rm -rf $(VENV) demo
