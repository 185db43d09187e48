# Say `make help` for what can be made and how long it takes.
PYTHON ?= python3
BIN := .venv/bin
# Without the variables that steer Python; book/_ext/surroundings.py takes out those of matplotlib and Jupyter.
RUN := $(BIN)/python -E
READY := .venv/.ready
BUILT := _build/html/.built
# All files and folders that pages are made of: a folder is younger when a file in it was removed. The dot keeps them apart from
# the targets of these names.
SOURCES := $(shell find bpcourse/. book/. notebooks/. -name __pycache__ -prune -o -name .ipynb_checkpoints -prune -o -print) \
	$(wildcard benchmarks/*.json) _config.yml _toc.yml genindex.md

.PHONY: help book test lab lite class zip epub pdf slides svg translation exam test-browser test-editions test-slides test-class test-hub audit card bench mutants notebooks lint clean

book: $(BUILT)  ## build the book, print where to open it
	@echo "The book is built. Open $(CURDIR)/_build/html/index.html in a browser."

# These folders of tests have a target of their own.
OWN_TARGET := browser editions hub slides
test: $(READY)  ## run every test that needs no browser
	$(RUN) -m pytest tests notebooks $(OWN_TARGET:%=--ignore=tests/%) -n 2 --dist loadfile --nbval --nbval-current-env

# Its settings lie in the folder's own: widgets are stored in a notebook with it, so an explorer moves when it is opened again.
LAB_SETTINGS := tools/jupyter
LAB := --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/notebooks --KernelManager.transport_encryption=auto

lab: $(READY)  ## open the notebooks in JupyterLab
	$(BIN)/jupyter trust notebooks/*.ipynb
	JUPYTER_CONFIG_PATH="$(LAB_SETTINGS)$${JUPYTER_CONFIG_PATH:+:$$JUPYTER_CONFIG_PATH}" $(BIN)/jupyter lab $(LAB) $(if $(filter 0,$(shell id -u)),--allow-root)

# In an environment of its own: JupyterLab would load the kernel that is made for browsers.
LITE := _build/.lite/env
lite:  ## build JupyterLite, whose notebooks run in the browser; PYODIDE=file or address: Python put in
	[ -x $(LITE)/bin/python ] || $(PYTHON) -E -m venv $(LITE)
	$(LITE)/bin/python -E -m pip install --quiet --disable-pip-version-check --editable .[lite]
	PYODIDE="$(PYODIDE)" $(LITE)/bin/python -E tools/lite.py

class: $(READY)  ## write the problem sets of a class; ROSTER=roster.csv, OUT=folder
	$(RUN) -m bpcourse.classroom make "$(or $(ROSTER),$(error Say whose: make class ROSTER=roster.csv))" $(if $(OUT),--out "$(OUT)")

# In an environment of its own: nbgrader and otter bring packages that the book does without. The exams need the book's; `make
# test` asks about them.
CLASS := _build/.class/env
test-class:  ## have real nbgrader and otter grade thirty simulated students
	[ -x $(CLASS)/bin/python ] || $(PYTHON) -E -m venv $(CLASS)
	$(CLASS)/bin/python -E -m pip install --quiet --disable-pip-version-check --editable .[class] pytest hypothesis
	$(CLASS)/bin/python -E -m pytest tests/classroom --ignore=tests/classroom/test_versions.py

translation: $(READY)  ## build what is translated, LANGUAGE=de, and list what stays English
	@$(RUN) tools/translation.py $(or $(LANGUAGE),de)

test-browser: $(BUILT)  ## drive the built pages and a JupyterLab in a browser; ALL=1: ask axe about every page
	$(RUN) -m pytest tests/browser -n 2 --dist loadfile $(if $(ALL),,-m "not slow")

audit: $(BUILT)  ## ask Lighthouse and the HTML checker about every page (needs Node and Java); PAGES='book/07*': some
	$(RUN) tools/audit $(PAGES:%='%')

zip: $(BUILT)  ## the built folder as one file
	@$(RUN) tools/editions zip

epub: $(BUILT)  ## the book for e-readers
	@$(RUN) tools/editions epub

pdf: $(BUILT)  ## the book for paper; needs Chromium or Chrome
	@$(RUN) tools/editions pdf

exam: $(READY)  ## exams on paper with keys, in versions; ROSTER=roster.csv, SETS='set1 set2': some, OUT=folder
	@$(RUN) tools/exams.py "$(or $(ROSTER),$(error Say whose: make exam ROSTER=roster.csv))" $(SETS) $(if $(OUT),--out "$(OUT)")

slides: $(BUILT)  ## slides of each chapter, HTML and PDF; needs Chromium or Chrome; CHAPTERS='07 09': some
	@$(RUN) tools/slides $(CHAPTERS)

svg: $(BUILT)  ## figures and equations as SVG files; needs Chromium or Chrome, at the first use a network
	@$(RUN) tools/slides svg

test-slides: $(BUILT)  ## make the slides and the SVG files; measure that all fits, moves and says what the chapters say
	$(RUN) tools/slides
	$(RUN) tools/slides svg
	$(RUN) -m pytest tests/slides

test-editions: $(BUILT)  ## make the three editions, compare every number in them, have the EPUB checked
	$(RUN) tools/editions zip epub pdf
	$(RUN) -m pytest tests/editions

# The hub's environment stays, all else that the tests make goes, also when they fail. `HUB` is what tests/hub/trial.py calls ROOT.
HUB := _build/bptest
$(HUB)/env/.installed: $(READY) pyproject.toml hub/environment $(wildcard hub/jupyter/*) $(filter bpcourse/%,$(SOURCES))
	hub/environment $(CURDIR)/$(HUB)
	@touch $@

test-hub: $(HUB)/env/.installed  ## as root: start a JupyterHub, ten students log in, nudge, submit, and reach nothing of each other's
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable .[test-hub]
	$(RUN) -m pytest tests/hub

ifdef QUICK
bench: $(READY)
	$(RUN) benchmarks/bench.py --quick
else
bench: $(BUILT)  ## measure what the book calls cheap; QUICK=1: a part of it
	$(RUN) benchmarks/bench.py --json _build/bench.json
	$(RUN) benchmarks/curves.py
	$(RUN) benchmarks/sending.py
	$(RUN) benchmarks/building.py
	$(RUN) benchmarks/explorers.py
	$(RUN) benchmarks/chapters.py
	$(RUN) benchmarks/diagnosing.py
	$(RUN) benchmarks/census.py
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable .[machines]
	$(RUN) benchmarks/machines.py
endif

mutants: $(READY)  ## put mistakes into the package and see that its tests catch them (an hour or two)
	$(RUN) tools/inject.py
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable .[mutants]
	$(RUN) tools/mutants.py

card: $(BUILT)  ## draw the icons, the card of shared links and the README's picture again, in Chromium
	$(RUN) tools/draw_card.py

notebooks: $(READY)  ## run the notebooks from top to bottom and store what they print
	$(RUN) tools/run_notebooks.py notebooks/*.ipynb

lint: $(READY)  ## ask ruff and mypy
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

clean:  ## remove all that was made
	rm -rf _build .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis

help:
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 22

# After a build that failed there is no .built, so the next one is tried again.
$(BUILT): $(READY) $(SOURCES)
	@rm -f $@
	$(RUN) tools/build_book.py .
	@touch $@

# An environment belongs to the folder where it was made: a copied or moved one is made anew.
ifneq ($(shell cat $(READY) 2>/dev/null),$(CURDIR))
.PHONY: $(READY)
endif

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit(0 if sys.version_info >= (3, 11) else 'Python 3.11 or newer is needed, this is ' + sys.version.split()[0] + '. Say which: make PYTHON=python3.12 book')"
	@[ "$$(cat $@ 2>/dev/null)" = "$(CURDIR)" ] || rm -rf .venv
	$(PYTHON) -E -m venv .venv
	$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@echo "$(CURDIR)" > $@
