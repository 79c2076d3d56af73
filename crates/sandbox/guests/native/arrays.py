"""Arrays and tables as data, for two interpreters that share nothing: never as pickles, which would run code where they are read.

What has no plain form, such as an array of objects, stays where it is and is sent as a reference.
"""

BYTES_MAX = 4 << 20
PLAIN = (str, int, float, bool, type(None))


def pack_array(value):
    if value.dtype.kind not in "biufcSUmM" or value.nbytes > BYTES_MAX:
        return None
    return [value.dtype.str, list(value.shape), value.tobytes().decode("latin-1")]


def make_array(kind, shape, data):
    import numpy

    dtype = numpy.dtype(kind)
    if dtype.kind not in "biufcSUmM":
        raise ValueError("an array of no plain kind")
    return numpy.frombuffer(data.encode("latin-1"), dtype).reshape(shape).copy()


def make_scalar(kind, data):
    return make_array(kind, [1], data)[0]


def pack_column(values):
    """A column or an index: its kind and its content, or None."""
    import pandas

    if isinstance(values, pandas.MultiIndex):
        return None
    if isinstance(values, pandas.RangeIndex):
        return ["range", values.start, values.stop, values.step]
    kind = str(values.dtype)
    if hasattr(values.dtype, "str") and values.dtype.kind in "biufcmM":
        packed = pack_array(values.to_numpy())
        return packed and ["array", packed]
    if kind not in ("object", "str", "string", "boolean", "category") and not kind.lower().startswith(("int", "uint", "float")):
        return None
    if kind == "category":
        return None
    items = [None if item is pandas.NA else item for item in values.tolist()]
    if any(type(item) not in PLAIN or item != item and kind == "object" for item in items):
        return None
    return ["items", kind, [None if item != item else item for item in items]]


def make_column(packed):
    import pandas

    if packed[0] == "range":
        return pandas.RangeIndex(*packed[1:])
    if packed[0] == "array":
        return make_array(*packed[1])
    if packed[0] == "items":
        return pandas.array(packed[2], dtype=packed[1])
    raise ValueError("a column of no kind")


def pack_series(value):
    index, data = pack_column(value.index), pack_column(value)
    names = [value.name, value.index.name]
    if index is None or data is None or any(type(name) not in PLAIN for name in names):
        return None
    return [index, data, names]


def make_series(index, data, names):
    import pandas

    series = pandas.Series(make_column(data), index=pandas.Index(make_column(index), name=names[1]), name=names[0])
    return series


def pack_frame(value):
    index, columns = pack_column(value.index), pack_column(value.columns)
    data = [pack_column(value.iloc[:, at]) for at in range(value.shape[1])]
    names = [value.index.name, value.columns.name]
    if index is None or columns is None or None in data or any(type(name) not in PLAIN for name in names):
        return None
    return [index, columns, data, names]


def make_frame(index, columns, data, names):
    import pandas

    made = pandas.DataFrame({at: make_column(column) for at, column in enumerate(data)}, index=pandas.Index(make_column(index), name=names[0]))
    made.columns = pandas.Index(make_column(columns), name=names[1])
    return made


def make_index(data, name):
    import pandas

    return pandas.Index(make_column(data), name=name)


def register(wire, loaded):
    """Teaches `wire` these kinds; what packs one is added once its library is there."""

    def entry(kind, pack):
        def packed(_packer, value):
            try:
                cells = pack(value)
            except (TypeError, ValueError, AttributeError):
                return None
            return None if cells is None else ["X", kind, cells]

        return packed

    def numpy_loaded(numpy):
        wire.EXACT[numpy.ndarray] = entry("ndarray", pack_array)
        kinds = {numpy.dtype(code).type for code in numpy.typecodes["All"] if code not in "OV"}
        for kind in kinds:
            wire.EXACT[kind] = entry("generic", lambda value: [value.dtype.str, value.tobytes().decode("latin-1")])

    widen = loaded.get("pandas")

    def pandas_loaded(pandas):
        if widen is not None:
            widen(pandas)
        wire.EXACT[pandas.Series] = entry("series", pack_series)
        wire.EXACT[pandas.DataFrame] = entry("frame", pack_frame)
        for kind in (pandas.Index, pandas.RangeIndex, pandas.DatetimeIndex):
            wire.EXACT[kind] = entry("index", lambda value: None if pack_column(value) is None else [pack_column(value), value.name])

    loaded["numpy"] = numpy_loaded
    loaded["pandas"] = pandas_loaded
    wire.SCALARS.update(ndarray=make_array, generic=make_scalar, series=make_series, frame=make_frame, index=make_index)
