"""The command line: one file per command, one for output, one that starts them."""

import os

# The matrices of this program are small: numpy's own threads cost more than they bring, and wake for every frame that
# is painted. It reads this when it is first imported, which is after this line. torch has threads of its own.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
