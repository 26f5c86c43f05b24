"""A brief supervised pretraining of a torchvision model, which replaces ImageNet in the demo."""

import numpy as np
import torch
import torchvision
from torch import Tensor
from torch.nn.functional import cross_entropy

from spml.features.extractor import Scaled
from spml.features.preprocessing import Preprocessing
from spml.runtime.log import Progress

BATCH_SIZE, LEARNING_RATE, WEIGHT_DECAY = 64, 2e-3, 1e-2


def pretrain(
    architecture: str, pictures: np.ndarray, labels: np.ndarray, *, epochs: int, seed: int
) -> dict[str, Tensor]:
    """Train on pictures uint8 [N, S, S, 3] with one class each, int [N]; return the state dict.

    AdamW with a one-cycle schedule, random mirroring, bfloat16 where autocast allows. The random streams depend on
    ``seed`` alone.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    random = torch.Generator().manual_seed(seed)
    targets = torch.from_numpy(labels).to(device)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = torchvision.models.get_model(architecture, weights=None, num_classes=int(labels.max()) + 1)
    model = model.to(device, memory_format=torch.channels_last).train()
    steps = -(-len(labels) // BATCH_SIZE) * epochs
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps)
    scaled = Scaled(Preprocessing(pictures.shape[1])).to(device)
    progress = Progress("pretraining", len(labels) * epochs, "pictures")
    for epoch in range(1, epochs + 1):
        right, total = torch.zeros((), device=device), torch.zeros((), device=device)
        for rows in torch.randperm(len(labels), generator=random).split(BATCH_SIZE):
            batch = scaled(torch.from_numpy(pictures[rows.numpy()]).to(device)).contiguous(
                memory_format=torch.channels_last
            )
            mirrored = (torch.rand(len(rows), 1, 1, 1, generator=random) < 0.5).to(device)
            batch = torch.where(mirrored, batch.flip(3), batch)
            with torch.autocast(device, torch.bfloat16):
                logits = model(batch)
            loss = cross_entropy(logits.float(), targets[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.detach() * len(rows)
            right += (logits.argmax(1) == targets[rows]).sum()
            progress.advance(len(rows))
        print(
            f"epoch {epoch}: loss {total.item() / len(labels):.4f}, accuracy {100 * right.item() / len(labels):.1f} %"
        )
    progress.finish()
    return {name: value.cpu().contiguous() for name, value in model.state_dict().items()}
