# SPDX-License-Identifier: GPL-2.0-or-later
# The hypervisor with one rule broken, again and again (README.md here).
# MUTANT="name ..." some of them; WITH="unit fuzz scenario oracle" who is asked; SAMPLE=1 a few; APART=1 each tier by itself.

.PHONY: mutants
mutants: all $(filter $(O)/tests/hyp_%,$(UNIT_TESTS)) ## break each rule of the hypervisor on purpose: who notices, and how soon
	@$(PYTHON) -m ci.mutants --out $(O) $(if $(SAMPLE),--sample) $(if $(APART),--all) $(if $(WITH),--with "$(WITH)") $(MUTANT)
