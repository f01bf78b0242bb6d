# Minamimaki Passport.  For a first look: make demo.  For all tests: make check.
# These targets work before any package is there: each installs what it needs
# first.  Makefile.pgxs builds the extension, bridge/Makefile the programs.

.PHONY: all install uninstall installcheck clean bridge stage \
        demo demo-stop check bench bench-scale soak lint format docs

all install uninstall installcheck clean bridge stage:
	@scripts/packages build
	@$(MAKE) --no-print-directory -f Makefile.pgxs $@

demo:
	@scripts/packages build
	@demo/play
demo-stop:
	@demo/stop
check:
	@scripts/packages build check
	@test/run
bench:
	@scripts/packages build bench
	@test/bench/run
soak:
	@scripts/packages build check
	@test/run build soak
# The figures that take long: ten million revoked certificates
bench-scale:
	@scripts/packages build bench
	@MATCH_RESIDENTS="3000 100000 1000000" IMPORT_RESIDENTS="100000 1000000" test/bench/run match import verify_crl10m
lint:
	@scripts/packages build lint
	@scripts/lint
format:
	@git ls-files '*.[ch]' | xargs clang-format -i
docs:
	@scripts/docs
