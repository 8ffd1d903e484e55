"""kola (Rust under Python): polars frames there and back, functions with arguments, async and receive."""

import datetime
from contextlib import contextmanager

import polars as pl
from kola import Q, QKolaError if False else Q  # noqa: F401
