#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Compares the netlink spec with the header, name by name, both ways.

    check-spec.py [SPEC HEADER]

Checked are commands, attributes, the values of enumerations and constants,
their numbers, the types that the header's comments state, the family's name
and version and the multicast groups.  Exits with 1 and a line for each
difference.
"""

import os
import re
import sys

import yaml

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SPEC = os.path.join(TOP, "Documentation/netlink/specs/serval.yaml")
HEADER = os.path.join(TOP, "include/uapi/linux/serval.h")


def c_name(*parts):
    return "".join(parts).replace("-", "_").upper()


class Header:
    """The enumerations and simple constants of a C header."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.path = path
        self.defines = dict(re.findall(
            r'^#define[ \t]+(\w+)[ \t]+("?[\w.]+"?)', text, re.M))
        self.enums = {}
        self.types = {}
        for name, body in re.findall(r"^enum (\w+) \{(.*?)^\};", text,
                                     re.M | re.S):
            self.enums[name] = self._entries(body)

    def _entries(self, body):
        """Name -> value; remembers the type a comment begins with."""
        entries = {}
        value = -1
        for line in body.split("\n"):
            match = re.match(r"\s*(\w+)\s*(?:=\s*(\w+))?(?:,|$|\s*/\*)", line)
            if not match:
                continue
            name, number = match.groups()
            if name.startswith("__") or name.endswith("_MAX"):
                continue
            value = int(number, 0) if number else value + 1
            entries[name] = value
            comment = re.search(r"/\* (\w+)", line)
            if comment:
                self.types[name] = comment.group(1)
        return entries


def spec_type(attr):
    """An attribute's type as the header's comments write it."""
    if attr.get("byte-order") == "big-endian":
        return attr["type"].replace("u", "be")
    return attr["type"]


class Check:
    def __init__(self, spec, header):
        self.spec = spec
        self.header = header
        self.wrong = []
        self.seen = set()

    def say(self, text):
        self.wrong.append(text)

    def compare(self, enum, wanted):
        """The spec's names and values against one enumeration."""
        self.seen.add(enum)
        have = self.header.enums.get(enum)
        if have is None:
            self.say(f"enum {enum} is in the spec, not in the header")
            return
        for name, value in wanted.items():
            if name not in have:
                self.say(f"{name} is in the spec, not in enum {enum}")
            elif have[name] != value:
                self.say(f"{name} is {value} in the spec, "
                         f"{have[name]} in the header")
        for name in have:
            if name not in wanted:
                self.say(f"{name} is in enum {enum}, not in the spec")

    def definitions(self):
        for item in self.spec["definitions"]:
            if item["type"] == "const":
                self.define(c_name(item["name"]), item["value"])
                continue
            self.compare(item["enum-name"].replace("-", "_"),
                         {c_name(item["name-prefix"], e["name"]): e["value"]
                          for e in item["entries"]})

    def define(self, name, value):
        have = self.header.defines.get(name)
        want = f'"{value}"' if isinstance(value, str) else str(value)
        if have is None:
            self.say(f"#define {name} is missing in the header")
        elif have != want:
            self.say(f"{name} is {want} in the spec, {have} in the header")

    def attributes(self):
        for attr_set in self.spec["attribute-sets"]:
            wanted = {}
            value = -1
            for attr in attr_set["attributes"]:
                value = attr.get("value", value + 1)
                name = c_name(attr_set["name-prefix"], attr["name"])
                wanted[name] = value
                self.type_of(name, attr)
            self.compare(attr_set["enum-name"].replace("-", "_"), wanted)

    def type_of(self, name, attr):
        stated = self.header.types.get(name)
        if stated and stated != spec_type(attr):
            self.say(f"{name} is {spec_type(attr)} in the spec, "
                     f"{stated} in the header's comment")

    def operations(self):
        ops = self.spec["operations"]
        wanted = {}
        value = 0
        for op in ops["list"]:
            value = op.get("value", value + 1)
            wanted[c_name(ops["name-prefix"], op["name"])] = value
            self.operation(op)
        self.compare(ops["enum-name"].replace("-", "_"), wanted)

    def operation(self, op):
        """Sets, attributes and groups that an operation names must exist."""
        sets = {s["name"]: {a["name"] for a in s["attributes"]}
                for s in self.spec["attribute-sets"]}
        groups = [g["name"] for g in self.spec["mcast-groups"]["list"]]
        if "mcgrp" in op and op["mcgrp"] not in groups:
            self.say(f"{op['name']}: no multicast group {op['mcgrp']}")
        known = sets.get(op.get("attribute-set"), set())
        for kind in ("do", "dump"):
            for part in op.get(kind, {}).values():
                for name in part["attributes"]:
                    if name not in known:
                        self.say(f"{op['name']}: no attribute {name}")

    def family(self):
        self.define(c_name(self.spec["c-family-name"]), self.spec["name"])
        self.define(c_name(self.spec["c-version-name"]), self.spec["version"])
        groups = {c_name("serval-genl-mcgrp-", g["name"]): g["name"]
                  for g in self.spec["mcast-groups"]["list"]}
        for name, value in groups.items():
            self.define(name, value)
        for name in self.header.defines:
            if "_GENL_MCGRP_" in name and name not in groups:
                self.say(f"{name} is in the header, not in the spec")

    def run(self):
        self.family()
        self.definitions()
        self.attributes()
        self.operations()
        for enum in self.header.enums:
            if enum not in self.seen:
                self.say(f"enum {enum} is in the header, not in the spec")
        return self.wrong


def main():
    spec_path, header_path = sys.argv[1:3] if len(sys.argv) == 3 else (
        SPEC, HEADER)
    with open(spec_path, encoding="utf-8") as file:
        spec = yaml.safe_load(file)
    header = Header(header_path)
    wrong = Check(spec, header).run()
    for line in wrong:
        print(f"check-spec: {line}")
    if wrong:
        sys.exit(1)
    names = sum(len(e) for e in header.enums.values())
    print(f"ok - {names} names in {len(header.enums)} enumerations agree")


if __name__ == "__main__":
    main()
