"""`python -m spec_lang` is `nnspec`."""

import sys

from spec_lang.cli import main

if __name__ == "__main__":
    sys.exit(main())
