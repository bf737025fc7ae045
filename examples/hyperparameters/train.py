"""Write the data that the trainings are made on.

digits.npz, of study.yaml: 8 x 8 pixels, from scikit-learn. runge.npz, of runge.yaml: 1 / (1 + 25 x^2) at 11 even points
of [-1, 1] to train on, and between them to validate (100) and to test (101).
"""

import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

HERE = Path(__file__).parent


def main() -> int:
    """Nothing is trained here: each run of a study trains a network of its own."""
    digits = load_digits()
    np.savez(HERE / "digits.npz", inputs=(digits.images / 16).astype("float32"), labels=digits.target.astype("int64"))
    print(f"wrote {HERE / 'digits.npz'}: {len(digits.target)} digits")
    parts = (np.linspace(-1, 1, 11), np.linspace(-0.99, 0.99, 100), np.linspace(-1, 1, 101))
    x = np.concatenate(parts)
    split = np.repeat([0, 1, 2], [len(part) for part in parts])
    np.savez(HERE / "runge.npz", inputs=x[:, None].astype("float32"), targets=1 / (1 + 25 * x**2), split=split)
    print(f"wrote {HERE / 'runge.npz'}: {len(parts[0])} points to train on")
    return 0


if __name__ == "__main__":
    sys.exit(main())
