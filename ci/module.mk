# SPDX-License-Identifier: GPL-2.0-or-later
# The rules of the repository, checked (README.md here).

.PHONY: lint format

# After the build: clang reads generated headers and the SDK's.
lint: all ## format, clang-tidy, shellcheck, pyflakes and our own rules
	@$(PYTHON) -m ci.lint --junit $(O)/junit/lint.xml $(CHECK)

format: ## put all C into the house format
	@git ls-files -z --cached --others --exclude-standard '*.c' '*.h' | xargs -0 -r clang-format -i
