"""Changes to training pictures, and the views that they report."""

import itertools

import numpy as np
import pytest
import torch
from torch.nn import functional

from spml.finetuning import named
from spml.finetuning.augmentation import CHANGES, augment, unchanged

IN_VIEW = [name for name, entry in named.AUGMENTATIONS.items() if entry.in_view]
ORDERS = [names for count in (1, 2) for names in itertools.permutations(IN_VIEW, count)]


def smooth(count, size, seed=0):
    """Return pictures uint8 [n, 3, S, S], channels last, without edges, no two parts of them alike."""
    coarse = torch.from_numpy(np.random.RandomState(seed).uniform(0, 255, (count, 3, 4, 4)).astype(np.float32))
    fine = functional.interpolate(coarse, (size, size), mode="bilinear", align_corners=False)
    return fine.round().byte().contiguous(memory_format=torch.channels_last)


def rebuilt(pictures, view):
    """Return the pictures float32 [B, 3, S, S] that a view describes, by bilinear sampling of the whole pictures."""
    left, upper, width, height = view.box.T
    sign = 1 - 2 * view.flipped.float()
    zero = torch.zeros_like(left)
    across = torch.stack((sign * width, zero, 2 * left + width - 1), 1)
    down = torch.stack((zero, height, 2 * upper + height - 1), 1)
    grid = functional.affine_grid(torch.stack((across, down), 1), list(pictures.shape), align_corners=False)
    return functional.grid_sample(pictures.float(), grid, padding_mode="border", align_corners=False)


def test_every_name_has_a_function_and_a_record():
    assert list(CHANGES) == list(named.AUGMENTATIONS)


@pytest.mark.parametrize("names", ORDERS, ids="+".join)
def test_the_view_tells_what_was_done_to_the_pictures(names):
    before = smooth(40, 32)
    after = before.clone()
    view = augment(after, [str(row) for row in range(40)], names, 1200, 1)
    assert (after != before).flatten(1).any(1).float().mean() > 0.4
    difference = (rebuilt(before, view) - after.float()).abs()
    assert difference.mean() < 1 and difference[:, :, 2:-2, 2:-2].max() < 6
    assert (view.box[:, :2] >= 0).all() and (view.box[:, :2] + view.box[:, 2:] <= 1 + 1e-6).all()


def test_a_view_of_another_flip_or_box_would_be_told():
    """The test above fails where it should: boxes swapped between pictures, or flips denied, are far off."""
    before = smooth(40, 32)
    after = before.clone()
    view = augment(after, [str(row) for row in range(40)], IN_VIEW, 1200, 1)
    for wrong in (view._replace(box=view.box.roll(1, 0)), view._replace(flipped=~view.flipped)):
        assert (rebuilt(before, wrong) - after.float()).abs().mean() > 5


def test_half_of_the_pictures_are_flipped_others_in_each_epoch():
    ids = [f"{row:012}" for row in range(4000)]
    pictures = torch.zeros(4000, 3, 1, 2, dtype=torch.uint8)
    one, other = (augment(pictures, ids, ["flip"], 1200, epoch).flipped for epoch in (1, 2))
    for flips in (one, other, one != other):
        assert 0.47 < flips.float().mean() < 0.53


def test_crops_keep_half_of_the_area_and_vary_in_place_and_size():
    view = augment(smooth(200, 64), [str(row) for row in range(200)], ["random_resized_crop"], 1200, 1)
    area = view.box[:, 2] * view.box[:, 3]
    assert area.min() > 0.97 * named.CROP_AREA and area.max() > 0.95 and area.std() > 0.1
    assert view.box[:, 0].std() > 0.05 and view.box[:, 1].std() > 0.05 and not view.flipped.any()


def test_a_view_depends_on_no_other_image_and_no_other_change():
    ids, names = [str(row) for row in range(20)], ["random_resized_crop", "flip", "randaugment"]
    together = smooth(20, 16)
    view = augment(together, ids, names, 1200, 3)
    for row in (0, 7, 19):
        alone = smooth(20, 16)[row : row + 1]
        one = augment(alone, ids[row : row + 1], names, 1200, 3)
        assert (alone == together[row]).all()
        assert (one.box == view.box[row]).all() and one.flipped == view.flipped[row]
    without = augment(smooth(20, 16), ids, ["flip"], 1200, 3)
    assert (without.flipped == view.flipped).all()


@pytest.mark.parametrize(("seed", "epoch"), [(1201, 3), (1200, 4)])
def test_seed_and_epoch_change_views(seed, epoch):
    ids = [str(row) for row in range(20)]
    one = augment(smooth(20, 16), ids, IN_VIEW, 1200, 3)
    other = augment(smooth(20, 16), ids, IN_VIEW, seed, epoch)
    assert (one.box != other.box).any(1).sum() > 10 and (one.flipped != other.flipped).sum() > 3


def test_randaugment_changes_pictures_and_leaves_their_box():
    before = smooth(30, 32)
    after = before.clone()
    view = augment(after, [str(row) for row in range(30)], ["randaugment"], 1200, 1)
    assert (after != before).flatten(1).any(1).sum() > 20
    assert (view.box == unchanged(30).box).all() and not view.flipped.any()


def test_the_generators_of_the_process_stay_as_they_are():
    torch.manual_seed(5)
    np.random.seed(5)
    torch_before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()
    augment(smooth(3, 16), ["a", "b", "c"], list(CHANGES), 1200, 1)
    assert (torch.get_rng_state() == torch_before).all() and (np.random.get_state()[1] == numpy_before).all()
