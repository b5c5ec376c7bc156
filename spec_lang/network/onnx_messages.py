"""onnx's message classes without the rest of the package.

In: the installed onnx.  Out: the module with `ModelProto` and its parts.  `import onnx` loads a checker, a
version converter, text formats and more, and costs a third of the start of a small check; a model is read
with the generated classes alone.  They are the same classes that a later `import onnx` finds.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Final

GENERATED: Final = "onnx_ml_pb2"


@cache
def message_classes() -> ModuleType:
    """The generated module; the whole package where it is loaded already or is laid out differently."""
    package = find_spec("onnx") if "onnx" not in sys.modules else None
    folders = (package.submodule_search_locations or ()) if package is not None else ()
    for folder in folders:
        file = Path(folder) / f"{GENERATED}.py"
        spec = spec_from_file_location(f"spec_lang.network.{GENERATED}", file) if file.is_file() else None
        if spec is not None and spec.loader is not None:
            module = module_from_spec(spec)
            spec.loader.exec_module(module)
            return module
    return import_module("onnx")
