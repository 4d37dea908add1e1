"""An allocator setting: freed memory is kept for the next step instead of returned to the system.

Each training step on a CPU allocates the same large tensors again. glibc maps every block over 32 MB anew
and unmaps it when freed, so each step touches its pages for the first time and the system clears them. On
virtual machines that can take as long as the arithmetic. Other C libraries, and GPUs, are not changed.
"""

import ctypes

# Parameters of mallopt(3), by their numbers in <malloc.h>.
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4


def keep_freed_memory() -> None:
    """Tell glibc to map no large block separately and never to trim the heap."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # no glibc
        return
    mallopt(M_MMAP_MAX, 0)
    mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
    mallopt(M_TOP_PAD, 64 << 20)


def release_freed_memory() -> None:
    """Return the freed memory to the system once, such as what reading a corpus needed."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # no glibc
        return
    trim(0)
