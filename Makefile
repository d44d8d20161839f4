# Everything a fresh machine needs is python3.11 or newer, make and a C library. Each target sets up what it uses.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
SERVE ?= 1
export PYTHONUNBUFFERED := 1
export TOKENIZERS_PARALLELISM := false

.PHONY: demo test check run worker stop format programs clean help

help:
	@echo "make demo     set up, build, train, rehearse, analyse, then serve at http://127.0.0.1:$(PORT)  (SERVE=0 stops before serving)"
	@echo "make run      serve the pages        make worker   run the Celery worker"
	@echo "make stop     end the Redis that came with it, which serves on after the others"
	@echo "make test     every test: SQLite, PostgreSQL, Redis, a worker, a browser"
	@echo "make check    format, lint, types, imports, migrations, OpenAPI, templates, links"

$(VENV)/.run: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt -e '.[generation]'
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt -e '.[generation,dev]'
	@touch $@

demo: $(VENV)/.run
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py demo --port $(PORT) $(if $(filter 0,$(SERVE)),--no-serve)

run: $(VENV)/.run
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py collectstatic --noinput --verbosity 0
	$(BIN)/gunicorn prism_site.wsgi --bind 127.0.0.1:$(PORT) --workers 2 --threads 4 --preload --no-control-socket --access-logfile -

worker: $(VENV)/.run
	$(BIN)/celery -A prism_site worker --beat --schedule var/beat-schedule --queues cpu,gpu,http --concurrency 1 --loglevel INFO

stop: $(VENV)/.run
	@$(BIN)/python manage.py stop_redis

# As many processes as cores: one thread each, for threads that outnumber cores wait by turning round.
test: export OMP_NUM_THREADS := 1
test: $(VENV)/.dev programs
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --ignore tests/architecture/test_openapi.py
	$(BIN)/python -m pytest tests/architecture/test_openapi.py  # one name, many operations: several processes would run one
	$(BIN)/python -m tests.on_postgres -m database

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null
	$(BIN)/djade --target-version 5.2 --check $$(git ls-files 'templates/*.html')
	$(BIN)/python -m pytest -q tests/architecture/test_docs.py

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/djade --target-version 5.2 $$(git ls-files 'templates/*.html') || true

# Tests drive a real Chromium and compile tables with LaTeX; where these can be installed without asking, they are.
programs: $(VENV)/.dev
	@sh .ci/programs $(BIN)

clean:
	rm -rf $(VENV) var staticfiles .mypy_cache .pytest_cache .ruff_cache
