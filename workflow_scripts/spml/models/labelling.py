"""Label pictures with the exported model in this folder, as the target predict of the pipeline does.

    python predict.py picture.jpg other.png

It needs NumPy, Pillow, pillow-heif, and onnxruntime or torch. A program may also use it: predict.Model().labels("picture.jpg").
"""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np

from spml.features.images import read_image
from spml.features.preprocessing import of_document
from spml.models.inference import present_labels
from spml.runtime.errors import InputError


class Model:
    """The model of a folder with model.onnx or model.pt2, and model.json."""

    def __init__(self, folder: str | Path = Path(__file__).parent) -> None:
        """Load the model by onnxruntime, or by torch where there is no onnxruntime."""
        choice = json.loads(Path(folder, "model.json").read_text(encoding="utf-8"))
        self.thresholds: dict[str, float] = choice["thresholds"]
        self.preprocessing = of_document(choice["backbone"]["preprocessing"])
        if importlib.util.find_spec("onnxruntime"):
            import onnxruntime

            session = onnxruntime.InferenceSession(str(Path(folder, "model.onnx")), providers=["CPUExecutionProvider"])
            self._run = lambda pictures: session.run(None, {"pictures": pictures})[0]
        else:
            import torch

            program = torch.export.load(str(Path(folder, "model.pt2"))).module()
            self._run = lambda pictures: program(torch.from_numpy(pictures)).numpy()

    def probabilities(self, path: str) -> np.ndarray:
        """Return the probability of each category, float32 [L]; raise InputError where the file is no picture."""
        return self._run(np.array(read_image(path, self.preprocessing))[None])[0]

    def labels(self, path: str) -> list[str]:
        """Return the categories above their thresholds, the most probable first; errors as ``probabilities``."""
        return present_labels(self.probabilities(path), np.array(list(self.thresholds.values())), list(self.thresholds))


def main(paths: list[str]) -> int:
    """Print a line per picture: its path and its labels, or what is wrong with it; return 1 where one is unreadable."""
    model, status = Model(), 0
    for path in paths:
        try:
            print(f"{path}: {'; '.join(model.labels(path))}")
        except InputError as error:
            print(error, file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
