"""Runs a real validator over the JSON Schema of the workflow file (`cairn schema workflow`).

    check_schema.py CAIRN TREE

Every workflow of the tree must be valid; every one of broken.yaml must be found wrong, at the place
that stands there. What editors see is what this sees.
"""
import json
import pathlib
import re
import subprocess
import sys

import jsonschema
import yaml


# They bring a stage type of their own.
CUSTOM = {"10-custom-stage.yaml"}


class Loader(yaml.SafeLoader):
    """YAML 1.2 as editors read it: `on` and `yes` are texts, 3e-4 is a number."""


BOOL, FLOAT = "tag:yaml.org,2002:bool", "tag:yaml.org,2002:float"
Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in (BOOL, FLOAT)]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver(BOOL, re.compile(r"^(true|false)$"), "tf")
Loader.add_implicit_resolver(
    FLOAT, re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$"), "-+.0123456789"
)


def places(error):
    """Where an error is, and where those are that an alternative (anyOf) made."""
    yield "/".join(map(str, error.absolute_path))
    for inner in error.context or []:
        yield from places(inner)


def main():
    cairn, tree = sys.argv[1], pathlib.Path(sys.argv[2])
    schema = json.loads(subprocess.run([cairn, "schema", "workflow"], check=True, capture_output=True).stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    failed = 0

    workflows = [path for path in sorted(tree.glob("workflows/**/*.yaml")) if path.name not in CUSTOM] + [tree / "docs/steps.yaml", tree / "docs/many.yaml"]
    for path in workflows:
        for error in validator.iter_errors(yaml.load(path.read_text(), Loader)):
            failed += 1
            print(f"{path.relative_to(tree)} should be valid: {'/'.join(map(str, error.absolute_path))}: {error.message}")

    broken = yaml.load((pathlib.Path(__file__).parent / "broken.yaml").read_text(), Loader)
    for case in broken:
        found = [place for error in validator.iter_errors(case["workflow"]) for place in places(error)]
        if case["at"] not in found:
            failed += 1
            print(f"'{case['why']}' should be found at {case['at']}; found: {found or 'nothing'}")

    print(f"{len(workflows)} workflows, {len(broken)} broken ones, {failed} surprises")
    sys.exit(failed > 0)


main()
