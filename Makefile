# Type make to list the commands.
SHELL := /bin/sh
.DEFAULT_GOAL := help
# Also under another make, such as `make test`: print only what the command prints.
MAKEFLAGS += --no-print-directory
# What is typed behind a command is passed on as it is: make would expand each $ in it.
$(foreach name,$(.VARIABLES),$(if $(filter command,$(origin $(name))),$(eval override $(name) := $$(value $(name)))$(eval export $(name))))
.PHONY: help up rerun repair prune deploy-serve models report rollback unpin accept score track monitor settings conform prove-kit run-stage new-stage local check test lint lock down clean watch status history diff verify init

help: ## list these commands
	@echo "make COMMAND [PIPELINE=diamonds] [PORT=8000]"
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name what; do printf '  %-14s%s\n' "$$name" "$$what"; done

up: ## run the whole pipeline, bring serve up to date, ask it for a prediction; installs Docker where it is missing
	@scripts/bootstrap.sh && scripts/pipeline.sh up

init: ## read a table of data/ and write a pipeline file for it: make init FILE=data/mine.csv [TARGET=price]
	@scripts/bootstrap.sh && scripts/init.sh

rerun: ## run the stages that are due; serve keeps running and switches to the new model. FORCE=1 or FORCE=clean: run again and compare
	@scripts/pipeline.sh rerun

watch: ## keep running: changes in data/ or the pipeline file go live automatically, until make down
	@scripts/bootstrap.sh && scripts/pipeline.sh watch

status: ## what is live and what runs, whether the lineage is complete, how serve differs; for a monitor scripts/history.sh status --json
	@scripts/history.sh status

history: ## list the artifacts of each stage with what changed each time: make history [STAGE=clean]
	@scripts/history.sh history "$$STAGE"

diff: ## show two artifacts side by side: make diff A=... B=... [JSON=1]
	@scripts/history.sh diff "$$A" "$$B" $(if $(JSON),--json)

verify: ## recompute all hashes, run the pipeline again beside this one, and compare byte by byte
	@scripts/history.sh verify

deploy-serve: ## build serve, and replace the running one if it differs; requests fail for a second or two
	@scripts/pipeline.sh deploy-serve

models: ## list the models with their scores, and which one is served
	@scripts/pipeline.sh models

report: ## copy the report on the latest model and its card to out/; ID=... for another model
	@scripts/pipeline.sh report "$$ID"

repair: ## read the latest artifacts in full, and rebuild damaged ones
	@scripts/pipeline.sh repair

rollback: ## go back to an older model and stay there: make rollback ID=... [WHY="..."]
	@scripts/pipeline.sh rollback "$$ID"

unpin: ## undo a rollback: the newest model goes live, and runs replace it again
	@scripts/pipeline.sh unpin

accept: ## let a model go live that the gate refused: make accept ID=... [WHY="..."]
	@scripts/pipeline.sh accept "$$ID"

score: ## predict a whole file of data/: make score IN=new.csv OUT=scored.parquet [KEEP=id,other]
	@scripts/score.sh

track: ## log the models to MLflow, as up and rerun do if it is set: make track MLFLOW_TRACKING_URI=http://host.docker.internal:5000
	@scripts/pipeline.sh track

monitor: ## compare recorded traffic with the model, and print what drifts; ends with an error if an alert is active
	@scripts/pipeline.sh monitor

settings: ## list the settings of the stages with types and defaults, as their images declare them: make settings [STAGE=clean]
	@scripts/settings.sh "$$STAGE"

conform: ## check any image of a stage against the contract: make conform STAGE=clean IMAGE=me/clean:1.2
	@scripts/conform.sh

prove-kit: ## plant faults in conformant images, and count how many the kit finds: make prove-kit [STAGE=serve-node]
	@scripts/bootstrap.sh && scripts/prove-kit.sh

run-stage: ## run one stage on this machine, on copies of the pipeline's volumes: make run-stage STAGE=clean [DEBUG=1]
	@scripts/run-stage.sh "$$STAGE" $(ARGS)

new-stage: ## start a stage of your own in swaps/: make new-stage STAGE=clean NAME=mine
	@scripts/new-stage.sh "$$STAGE" "$$NAME"

local: ## run the same five stages as plain processes, without Docker
	@scripts/local.sh

test: ## run all tests: unit tests on each stage's lock, then tests on real containers
	@scripts/test.sh

check: ## lint and unit tests, without Docker: before a commit; STAGE=clean for the tests of one stage
	@scripts/check.sh

lint: ## ruff, mypy --strict, shellcheck, codespell and a Markdown linter
	@scripts/lint.sh

lock: ## resolve all dependencies into the hashed requirements.lock files
	@scripts/lock.sh

down: ## stop the containers; the volumes with data and models stay
	@scripts/pipeline.sh down

prune: ## remove old artifacts except the newest of each stage: make prune [KEEP=1]; asks first, or YES=1
	@scripts/cleanup.sh prune

clean: ## remove the containers, the volumes with all data and models, the images, and local environments; asks first, or YES=1
	@scripts/cleanup.sh clean
