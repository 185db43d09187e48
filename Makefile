# make book | test | lab | test-browser | bench | notebooks | lint | clean
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
SOURCES := $(wildcard bpcourse/*.py bpcourse/explore/* bpcourse/data/* benchmarks/results.json book/_static/* book/_ext/*.py) _config.yml requirements.txt
PAGES := $(wildcard book/*.md book/*.bib notebooks/*.ipynb) genindex.md _toc.yml
BUILD := $(BIN)/python tools/build_book.py . --warningiserror --nitpick --keep-going

.PHONY: book test lab test-browser bench notebooks lint clean

book: $(READY) _build/html/.built
	@echo "The book is built. Open $(CURDIR)/_build/html/index.html in a browser."

test: $(READY)
	$(BIN)/python -m pytest tests notebooks --ignore=tests/browser -n 2 --dist loadfile --nbval --nbval-current-env

lab: $(READY)
	$(BIN)/jupyter lab --notebook-dir=notebooks $(if $(filter 0,$(shell id -u)),--allow-root)

test-browser: book
	$(BIN)/python -m pytest tests/browser

ifdef QUICK
bench: $(READY)
	$(BIN)/python benchmarks/bench.py --quick
else
bench: book
	$(BIN)/python benchmarks/bench.py --json _build/bench.json
	$(BIN)/python benchmarks/building.py
	$(BIN)/python benchmarks/explorers.py
	$(BIN)/python benchmarks/chapters.py
endif

# Run the notebooks from top to bottom and store what they print.
notebooks: $(READY)
	$(BIN)/python tools/run_notebooks.py notebooks/*.ipynb

lint: $(READY)
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

# After a build that failed there is no .built, so the next one is tried again.
_build/html/.built: _build/.package $(PAGES)
	@rm -f $@
	$(BUILD)
	@touch $@

# What all pages depend on, and neither the cache of executed cells nor Sphinx sees.
_build/.package: $(SOURCES)
	rm -rf _build
	mkdir -p _build && touch $@

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit(0 if sys.version_info >= (3, 11) else 'Python 3.11 or newer is needed, this is ' + sys.version.split()[0] + '. Say which: make PYTHON=python3.12 book')"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -c "import matplotlib.font_manager"
	@touch $@

clean:
	rm -rf _build .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
