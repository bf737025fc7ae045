"""Write the data that the trainings of study.yaml are made on: digits.npz, 8 x 8 pixels, from scikit-learn."""

import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

HERE = Path(__file__).parent


def main() -> int:
    """Nothing is trained here: each run of the study trains a network of its own."""
    digits = load_digits()
    np.savez(HERE / "digits.npz", inputs=(digits.images / 16).astype("float32"), labels=digits.target.astype("int64"))
    print(f"wrote {HERE / 'digits.npz'}: {len(digits.target)} digits")
    return 0


if __name__ == "__main__":
    sys.exit(main())
