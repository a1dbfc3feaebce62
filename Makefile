# SPDX-License-Identifier: GPL-2.0-only
# serval.ko, libserval and the serval command; "make help" lists the targets.

KDIR		?= /lib/modules/$(shell uname -r)/build
DESTDIR		?=
PREFIX		?= /usr/local
INSTALL_MOD_PATH ?= $(DESTDIR)
VERSION		:= $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
DKMS_TREE	:= $(DESTDIR)/usr/src/serval-$(VERSION)

MODULE_MAKE	= $(MAKE) -C $(KDIR) M=$(CURDIR)
RELEASE		= $(shell $(MAKE) -s --no-print-directory -C $(KDIR) kernelrelease)
MODULE_DIR	= $(INSTALL_MOD_PATH)/lib/modules/$(RELEASE)/updates
# A staged tree is somebody's package: its scripts run depmod where it is installed.
DEPMOD		= $(if $(INSTALL_MOD_PATH),:,depmod $(RELEASE))

export DESTDIR PREFIX

all: module tools ## build the module for this kernel (or KDIR=headers) and the tools

module: ## build serval.ko
	@scripts/check-kernel $(KDIR)
	$(MODULE_MAKE) modules

tools: ## build libserval, serval and svcat
	$(MAKE) -C userspace

install: install-module install-tools ## install all; DESTDIR, PREFIX, INSTALL_MOD_PATH

install-module: module
	$(MODULE_MAKE) INSTALL_MOD_PATH=$(INSTALL_MOD_PATH) \
		INSTALL_MOD_DIR=updates modules_install
	$(DEPMOD)

install-tools: tools
	$(MAKE) -C userspace install

uninstall: ## undo install
	$(MAKE) -C userspace uninstall
	rm -f $(MODULE_DIR)/serval.ko*
	[ ! -d $(MODULE_DIR) ] || $(DEPMOD)

dkms-install: ## have DKMS build the module for this kernel and later ones
	install -d $(DKMS_TREE)/scripts
	cp -r Kbuild Makefile dkms.conf module include $(DKMS_TREE)
	cp scripts/check-kernel $(DKMS_TREE)/scripts
	dkms add serval/$(VERSION)
	dkms install serval/$(VERSION)

dkms-uninstall: ## undo dkms-install
	dkms remove serval/$(VERSION) --all
	rm -rf $(DKMS_TREE)

demo: ## send a file between two hosts by service name, in an emulated machine
	@scripts/demo

lab: ## a shell on such a machine, KERNEL=6.12 (or 6.1, debug)
	@scripts/play $(KERNEL)

check: ## every test on Linux 6.1 and 6.12; TESTS="name..." for some of them
	@tests/run check $(TESTS)

check-debug: ## the tests on a kernel with KASAN, lockdep, kmemleak; builds it once
	@tests/run debug $(TESTS)

check-long: ## check with a hundred times the counts
	@tests/run long $(TESTS)

torture: ## connections while all goes wrong: HOURS=1 or SECONDS=60, SEED=N, KERNEL=6.12
	@SERVAL_SEED=$(SEED) SERVAL_SECONDS=$(or $(SECONDS),$$(($(or $(HOURS),1) * 3600))) \
		tests/run torture -k $(or $(KERNEL),6.12)

bench: ## measure speed against TCP's; TESTS=memory for what connections take
	@tests/run bench $(TESTS)

fuzz: ## fuzz the parsers for FUZZ_SECONDS (60)
	@scripts/lab/deps build fuzz
	$(MAKE) -C tests/unit fuzz

model: ## verify the model of migration with SPIN
	@scripts/lab/deps model
	@Documentation/model/verify

clean: ## remove what was built, not the cached kernels
	rm -rf build
	find module -name '*.o' -delete -o -name '.*.cmd' -delete
	rm -f serval.ko serval.o serval.mod* .serval.* ..module-common.o.cmd \
		.module-common.o .Module.symvers.cmd .modules.order.cmd \
		Module.symvers modules.order

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' \
		$(MAKEFILE_LIST)

.PHONY: all module tools install install-module install-tools uninstall \
	dkms-install dkms-uninstall demo lab check check-debug check-long torture bench \
	fuzz model clean help
