"""What holds in reals, asked again in float32: `python -m benchmarks.float32 [--timeout 30] [--only GLOB]`.

In: the ACAS Xu family, or another one; of it the instances that are expected to hold.  Out: a line for each
that was not proved in float32, with the bound that was reached: the claim holds once it is positive, so that
a negative one is the margin that is missing; and how many were proved.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from benchmarks.__main__ import FAMILIES
from benchmarks.decide import Way, checked
from benchmarks.instances import Instance, add_data, read_instances
from spec_lang.kernel.verdict import Status
from spec_lang.obligations.model import Semantics
from spec_lang.reporters.model import ClaimReport


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.float32", description=__doc__.split("\n")[0])
    parser.add_argument("family", nargs="?", choices=FAMILIES, default="acasxu")
    parser.add_argument("--timeout", type=float, default=30.0, metavar="S", help="seconds an instance (30)")
    parser.add_argument("--only", default="*", metavar="GLOB", help="by name, such as '*_1_9_* prop_7'")
    add_data(parser)
    return parser.parse_args(argv)


def decide(instance: Instance, timeout: float) -> ClaimReport | None:
    """The report of an instance in float32; None where there is none."""
    report = checked(instance, Way(timeout, semantics=Semantics.FLOAT32))
    return report.claims[0] if len(report) == 1 else None


def line(instance: Instance, claim: ClaimReport | None) -> str:
    """`name  verdict  seconds  margin  reason`."""
    if claim is None:
        return f"{instance.name}  no verdict"
    margin = "" if claim.bound is None else f"  bound {claim.bound:.3g}"
    return (
        f"{instance.name}  {claim.status.value}  {claim.seconds:.1f} s{margin}  {claim.reason or ''}".rstrip()
    )


def main(argv: Sequence[str] | None = None) -> int:
    options = arguments(argv)
    folder = options.data / options.family
    if not (folder / "instances.csv").is_file():
        print(f"no benchmark family in {folder}: set NNSPEC_DATA or give --data", file=sys.stderr)
        return 2
    instances = [i for i in read_instances(folder, options.only) if i.expected == "unsat"]
    started = time.perf_counter()
    proved = tried = 0
    try:
        for instance in instances:
            claim = decide(instance, options.timeout)
            tried += 1
            if claim is not None and claim.status is Status.PROVED:
                proved += 1
            else:
                print(line(instance, claim), flush=True)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
    seconds = time.perf_counter() - started
    print(f"{proved} of {tried} that hold in reals are proved in float32, in {seconds:.1f} s")
    return 0 if tried == len(instances) else 130


if __name__ == "__main__":
    sys.exit(main())
