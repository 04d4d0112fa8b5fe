"""Content codings, by the libraries that libcurl itself decodes with: no module of Python's is needed for them."""
import ctypes
import functools
import gzip
import zlib

MIB = 1 << 20


def pack_brotli(data):
    library = ctypes.CDLL("libbrotlienc.so.1")
    size = ctypes.c_size_t(len(data) + 4096)
    out = ctypes.create_string_buffer(size.value)
    # Quality 5, a window of 4 MiB, any kind of data.
    assert library.BrotliEncoderCompress(5, 22, 0, ctypes.c_size_t(len(data)), data, ctypes.byref(size), out)
    return out.raw[:size.value]


def pack_zstd(data):
    library = ctypes.CDLL("libzstd.so.1")
    library.ZSTD_compressBound.restype = library.ZSTD_compress.restype = ctypes.c_size_t
    size = library.ZSTD_compressBound(ctypes.c_size_t(len(data)))
    out = ctypes.create_string_buffer(size)
    n = library.ZSTD_compress(out, ctypes.c_size_t(size), data, ctypes.c_size_t(len(data)), 3)
    assert n <= size
    return out.raw[:n]


CODINGS = {"gzip": functools.partial(gzip.compress, compresslevel=6), "deflate": zlib.compress, "br": pack_brotli, "zstd": pack_zstd}


def pack(data, codings):
    """In the order in which Content-Encoding names them."""
    for coding in codings.split(", "):
        data = CODINGS[coding](data)
    return data


@functools.lru_cache(None)
def bomb(codings, mib):
    return pack(bytes(mib * MIB), codings)
