"""Writes the node tests of the installed onnx package, which are newer than those that Debian packages.

Usage: python make.py FOLDER, then NEURONINSPECT_ONNX_TESTDATA=FOLDER/node npm test -- conformance
"""

import sys
from types import SimpleNamespace

import onnx.backend.test.case.model as models
import onnx.backend.test.case.node as nodes
import onnx.backend.test.cmd_tools as tools

# `generate-data` writes the model tests only; it asks this function for what to write.
models.collect_testcases = lambda: nodes.collect_testcases(None)
tools.generate_data(SimpleNamespace(output=sys.argv[1]))
