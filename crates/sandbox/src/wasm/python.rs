//! Programs in Python.
