# Thin names for commands; each of them can be typed without make. `make` alone lists them.

PYTHON ?= python3
VENV ?= .venv
TORCH ?= torch==2.13.0
TORCH_CONSTRAINTS ?= -c constraints-cpu.txt

DOMAIN ?= blocksworld
MODEL ?=
SEED ?=
MINUTES ?=
ARGS ?=
ETA ?=
FEEDBACK ?=
ADAPTER ?=
OUT ?=
SET ?=
RUN ?=
JOBS ?= 2
PLANBENCH_DIR ?=

BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp

# What was set on make's command line and is not one of the variables above is a key of the recipe:
# `make train examples=500 adapter.rank=16`.
# Make writes a space inside a value as "\ ", which the shell reads back.
OWN := PYTHON VENV TORCH TORCH_CONSTRAINTS DOMAIN MODEL SEED MINUTES ETA FEEDBACK ARGS ADAPTER OUT PLANBENCH_DIR SET RUN JOBS
KEYS = $(subst <space>,\ ,$(filter-out $(OWN:%=%=%),$(subst \ ,<space>,$(MAKEOVERRIDES))))

# A domain that nobody named is left to planlearn: the recipe's, where ARGS has --recipe, else blocksworld.
ASKED = $(if $(filter file,$(origin DOMAIN)),,$(if $(DOMAIN),--domain $(DOMAIN)))

.PHONY: help env train refine ablate eval report serve data fetch-model test golden pictures bench clean
.DEFAULT_GOAL := help

help:  ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

env: $(STAMP)  ## Create .venv with all that training and tests need: PYTHON= TORCH= TORCH_CONSTRAINTS=.

# torch goes first, so that no other package chooses its build.
$(STAMP): pyproject.toml constraints-cpu.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "planlearn needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(if $(strip $(TORCH)),$(BIN)/python -m pip install --quiet $(TORCH_CONSTRAINTS) '$(TORCH)')
	$(BIN)/python -m pip install --quiet $(TORCH_CONSTRAINTS) -e '.[train,plan,serve,plots,tensorboard,endpoint,lm-eval,test]'
	touch $@

# η and the level of feedback, where they were given.
ROUNDS = $(if $(ETA),--eta $(ETA)) $(if $(FEEDBACK),--feedback $(FEEDBACK))

train: $(STAMP)  ## Fetch, build a corpus, train, refine, evaluate: DOMAIN= MODEL= SEED= MINUTES= ETA= FEEDBACK= and recipe keys.
	$(BIN)/planlearn train $(ASKED) $(if $(MODEL),--model $(MODEL)) $(if $(SEED),--seed $(SEED)) \
	  $(if $(MINUTES),--minutes $(MINUTES)) $(ROUNDS) $(KEYS) $(ARGS)

refine: $(STAMP)  ## Rounds of the checker's feedback from a trained ADAPTER=, else the domain's carried one: ETA= FEEDBACK= SEED= OUT=.
	$(BIN)/planlearn refine --adapter $(or $(ADAPTER),data/adapters/$(DOMAIN)) $(ROUNDS) $(if $(SEED),--seed $(SEED)) \
	  $(if $(MODEL),--model $(MODEL)) $(if $(OUT),--out $(OUT)) $(KEYS) $(ARGS)

ablate: $(STAMP)  ## The paper's table with controls, arm by arm, at equal tokens: DOMAIN= MODEL= ETA= OUT=, recipe keys, ARGS='--arms a,b'.
	$(BIN)/planlearn ablate $(ASKED) $(if $(MODEL),--model $(MODEL)) $(if $(ETA),--eta $(ETA)) $(if $(OUT),--out $(OUT)) $(KEYS) $(ARGS)

eval: $(STAMP)  ## Measure plan validity beside controls: DOMAIN= and perhaps ADAPTER= or MODEL=, SET=, PLANBENCH_DIR=, OUT=, ARGS='--arms ...'.
	$(BIN)/planlearn eval --domain $(DOMAIN) \
	  $(if $(SET),--set $(SET) $(if $(PLANBENCH_DIR),--planbench $(PLANBENCH_DIR)),$(if $(PLANBENCH_DIR),--instances $(PLANBENCH_DIR)/$(DOMAIN))) \
	  --out $(or $(OUT),data/runs/eval-$(or $(SET),$(DOMAIN))$(if $(PLANBENCH_DIR),-planbench)) \
	  $(if $(ADAPTER),--adapter $(ADAPTER)) $(if $(MODEL),--model $(MODEL)) $(ARGS)

report: $(STAMP)  ## One offline page of a recorded run: RUN=data/runs/..., OUT=.
	$(BIN)/planlearn report $(RUN) $(if $(OUT),--out $(OUT)) $(ARGS)

serve: $(STAMP)  ## The local page for plans that fail, on 127.0.0.1: ADAPTER= for a model to ask.
	$(BIN)/planlearn serve $(if $(ADAPTER),--adapter $(ADAPTER)) $(ARGS)

data: $(STAMP)  ## Build a domain's corpus without training: DOMAIN= SEED= OUT= and recipe keys.
	$(BIN)/planlearn data build $(ASKED) --out $(or $(OUT),data/corpora/$(DOMAIN)) \
	  $(if $(SEED),--seed $(SEED)) $(KEYS) $(ARGS)

fetch-model: $(STAMP)  ## Download and convert a preset's weights into the cache: MODEL=.
	$(BIN)/python -m planlearn.models $(MODEL)

test: $(STAMP)  ## Run the tests, JOBS=2 at a time; PLANLEARN_REQUIRE=smollm2,planbench,val forbids skipping for lack of them.
	OMP_NUM_THREADS=$(or $(OMP_NUM_THREADS),1) $(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(ARGS)

golden: $(STAMP)  ## Rewrite the golden files from what the code says now; review the difference.
	PLANLEARN_GOLDEN=1 $(BIN)/python -m pytest -q --ignore tests/house --ignore tests/models $(ARGS)
	git status --short tests/golden

pictures: $(STAMP)  ## Draw the README's pictures again, with the machine's Chromium; look at them.
	$(BIN)/python -m tests.report.readme_pictures

bench: $(STAMP)  ## Run the benchmarks, one after another.
	for bench in tests/bench/bench_*.py; do echo "== $$bench"; $(BIN)/python $$bench || exit 1; done

clean:  ## Remove what the targets made, but for runs, corpora and fetched models.
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .hypothesis .ruff_cache
	find planlearn val_bridge tests -name __pycache__ -type d -prune -exec rm -rf {} +
