# SPDX-License-Identifier: GPL-2.0-or-later
# How packages are made: a key of this checkout's own, and mkapk.py.

PAYLOAD := guest/payload
PAYLOAD_OUT := $(O)/guest/payload
MKAPK := $(PAYLOAD)/mkapk.py $(PAYLOAD)/axml.py

# NAME.pk8 and its certificate, NAME.pem: $(call apk_key,HOW openssl req -newkey MAKES IT)
define apk_key
	@mkdir -p $(@D)
	@openssl req -x509 -newkey $(1) -nodes -days 10950 -subj /CN=Terrarium -keyout $(@:.pk8=.key) -out $(@:.pk8=.pem) 2>$@.log \
		|| { cat $@.log >&2; exit 1; }
	@openssl pkcs8 -topk8 -nocrypt -in $(@:.pk8=.key) -outform DER -out $@
	@rm -f $(@:.pk8=.key) $@.log
endef
