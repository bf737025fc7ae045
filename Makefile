# Every target but `setup` expects the environment that `make setup` makes.
BIN = .venv/bin

.PHONY: check setup lint types test lock

check: lint types test

setup:
	python3 -m venv .venv
	$(BIN)/pip install -q -c constraints.txt -e '.[dev]'

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types:
	$(BIN)/mypy dnnsa

test:
	$(BIN)/pytest -n 2 --dist loadgroup

# Names, versions and markers only; nothing in the file says where a package came from.
lock:
	$(BIN)/uv pip compile --quiet --universal --upgrade --no-header --no-annotate \
		--python-version 3.11 --extra examples --extra test --extra notebooks --extra dev pyproject.toml -o constraints.txt
