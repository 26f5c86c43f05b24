"""A tiny image-text model that knows the shapes of the demo, made with OpenCLIP and saved in its own layout for hubs."""

import json
from pathlib import Path

import numpy as np
import open_clip
import safetensors.torch
import torch
from open_clip.model import set_model_preprocess_cfg
from open_clip.push_to_hf_hub import save_config_for_hf
from PIL import ImageDraw

from spml.data import demo

CONFIG = {
    "embed_dim": 32,
    "vision_cfg": {"timm_model_name": "test_resnet", "timm_pool": "avg", "timm_proj": "linear", "image_size": 96},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}
PROMPT = "a drawing of a {}."
SIDE = 48  # pixels of a picture to train on; its shape is as large as in scenes
SINGLES, EPOCHS, BATCH, RATE = 2400, 5, 48, 4e-3  # about 20 seconds of one core


def make(folder: Path) -> Path:
    """Train the model on single objects and their names, and save it in a folder as ``local-dir:`` wants it."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = open_clip.CLIP(**CONFIG)
        preprocessing = {"mean": open_clip.OPENAI_DATASET_MEAN, "std": open_clip.OPENAI_DATASET_STD}
        set_model_preprocess_cfg(
            model, preprocessing | {"size": 96, "interpolation": "bicubic", "resize_mode": "squash"}
        )
        train(model)
    folder.mkdir(parents=True)
    safetensors.torch.save_file(model.state_dict(), folder / "open_clip_model.safetensors")
    save_config_for_hf(model, folder / "open_clip_config.json", model_config=CONFIG)
    description = json.loads((folder / "open_clip_config.json").read_text())
    assert description["model_cfg"] == CONFIG
    return folder


def single(random: np.random.RandomState, category: str) -> np.ndarray:
    """Return a picture of one shape of the demo near the centre, uint8 [SIDE, SIDE, 3]."""
    large = demo._background(random, SIDE).resize((SIDE * demo.OVERSAMPLING,) * 2)
    draw = ImageDraw.Draw(large)
    demo._clutter(random, draw, SIDE, random.randint(0, 3))
    demo._draw_shape(random, draw, category, *(SIDE / 2 + random.uniform(-8, 8, 2)))
    demo._clutter(random, draw, SIDE, random.randint(0, 3))
    return np.asarray(large.reduce(demo.OVERSAMPLING))


def train(model: open_clip.CLIP) -> None:
    """Train the model a little: each picture is to be nearest to the text with its name."""
    random = np.random.RandomState(1)
    labels = torch.arange(SINGLES) % len(demo.CATEGORIES)
    pictures = np.stack([single(random, demo.CATEGORIES[label]) for label in labels])
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (model.visual.image_mean, model.visual.image_std))
    pixels = (torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255 - mean) / std
    texts = open_clip.SimpleTokenizer(context_length=16)([PROMPT.format(name) for name in demo.CATEGORIES])
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=EPOCHS * (SINGLES // BATCH))
    model.train()
    for _ in range(EPOCHS):
        for rows in torch.randperm(SINGLES).split(BATCH):
            images, words = model.encode_image(pixels[rows], normalize=True), model.encode_text(texts, normalize=True)
            loss = torch.nn.functional.cross_entropy(model.logit_scale.exp() * images @ words.T, labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    model.eval()
