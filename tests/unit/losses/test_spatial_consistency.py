"""Running means of score maps: views of them by hand, and the loss that compares with them."""

import math

import pytest
import torch

from loss_examples import compute
from spml.losses import running_maps
from spml.losses.running_maps import kept_categories, to_image, to_view, updated
from spml.losses.stateful import make_loss
from spml.losses.training_loss import Maps, RunContext

NAN = math.nan
WHOLE = (0.0, 0.0, 1.0, 1.0)
LEFT = (0.0, 0.0, 0.5, 1.0)
LOWER_RIGHT = (0.5, 0.5, 0.5, 0.5)
NUMBERS = torch.arange(16.0).view(4, 4)  # 4 * row + column


def one(function, values, box, flipped):
    """Return what a function makes of a single map [G, G]."""
    found = function(torch.as_tensor(values)[None, None, None], torch.tensor([box]), torch.tensor([flipped]))
    return found[0, 0, 0]


def equal(found, wanted):
    torch.testing.assert_close(found, torch.tensor(wanted, dtype=torch.float32), equal_nan=True)


@pytest.mark.parametrize("function", [to_view, to_image])
def test_a_whole_picture_is_its_own_view(function):
    torch.testing.assert_close(one(function, NUMBERS, WHOLE, False), NUMBERS)
    torch.testing.assert_close(one(function, NUMBERS, WHOLE, True), NUMBERS.flip(1))


def test_a_view_of_a_crop_by_hand():
    """The centers of its four columns lie at 1/16, 3/16, 5/16, 7/16: of the image's, which are at 1/8, 3/8, ..."""
    columns = [0, 0.25, 0.75, 1.25]  # beyond the outer center: its value
    equal(one(to_view, NUMBERS, LEFT, False), [[4 * row + column for column in columns] for row in range(4)])
    corner = [[4 * (row + 2) + column + 2 for column in (-0.25, 0.25, 0.75, 1)] for row in (-0.25, 0.25, 0.75, 1)]
    equal(one(to_view, NUMBERS, LOWER_RIGHT, False), corner)


def test_a_flipped_crop_is_the_crop_with_its_columns_exchanged():
    for box in (LEFT, LOWER_RIGHT, (0.1, 0.3, 0.7, 0.4)):
        torch.testing.assert_close(
            one(to_view, NUMBERS, box, True), one(to_view, NUMBERS, box, False).flip(1), rtol=1e-5, atol=1e-5
        )
        torch.testing.assert_close(
            one(to_image, NUMBERS, box, True),
            one(to_image, NUMBERS.flip(1), box, False),
            rtol=1e-5,
            atol=1e-5,
            equal_nan=True,
        )


def test_a_map_of_a_crop_goes_to_the_cells_that_it_shows():
    """Columns 0 and 1 of the image have their centers between columns 0 and 1, 2 and 3 of the view."""
    wanted = [[4 * row + 0.5, 4 * row + 2.5, NAN, NAN] for row in range(4)]
    equal(one(to_image, NUMBERS, LEFT, False), wanted)
    flipped = [[4 * row + 2.5, 4 * row + 0.5, NAN, NAN] for row in range(4)]
    equal(one(to_image, NUMBERS, LEFT, True), flipped)
    corner = [[NAN] * 4] * 2 + [
        [NAN, NAN, 4 * row + column, 4 * row + column + 2] for row, column in ((0.5, 0.5), (2.5, 0.5))
    ]
    equal(one(to_image, NUMBERS, LOWER_RIGHT, False), corner)


def test_a_smooth_map_comes_back_from_a_view_of_it():
    """Bilinear interpolation is exact on a plane, but for the rim, where a center lies beyond the outer ones."""
    view = one(to_view, NUMBERS, (0.125, 0.125, 0.75, 0.75), True)
    back = one(to_image, view, (0.125, 0.125, 0.75, 0.75), True)
    torch.testing.assert_close(back[1:3, 1:3], NUMBERS[1:3, 1:3])


def test_cells_that_no_view_has_shown_are_left_out_of_the_interpolation():
    half = NUMBERS.clone()
    half[:, 2:] = NAN
    columns = [0, 0.25, 0.75, 1]
    equal(one(to_view, half, (0.0, 0.0, 1.0, 1.0), False), [[4 * row, 4 * row + 1, NAN, NAN] for row in range(4)])
    equal(one(to_view, half, LEFT, False), [[4 * row + column for column in columns] for row in range(4)])


def test_each_picture_of_a_batch_has_a_view_of_its_own():
    random = torch.Generator().manual_seed(0)
    maps, boxes = torch.rand((2, 3, 5, 4, 4), generator=random), torch.tensor([WHOLE, LEFT, LOWER_RIGHT])
    flipped = torch.tensor([True, False, True])
    for function in (to_view, to_image):
        whole = function(maps, boxes, flipped)
        for picture in range(3):
            part = slice(picture, picture + 1)
            alone = function(maps[:, part], boxes[part], flipped[part])
            torch.testing.assert_close(whole[:, part], alone, equal_nan=True)


def test_a_running_map_keeps_what_a_view_does_not_show():
    found = updated(torch.tensor([0.2, 0.2, NAN, NAN]), torch.tensor([1.0, NAN, 1.0, NAN]), 0.75)
    equal(found, [0.4, 0.2, 1.0, NAN])


def logits_of(probability):
    return torch.as_tensor(probability).logit()


def in_run(labels, **hyperparameters):
    hyperparameters = {"k": 1.0, "consistency": 0, "weight": 3, "momentum": 0.75, "warmup": 1} | hyperparameters
    return make_loss("spatial_consistency", hyperparameters, RunContext([0], 9, lambda: [labels]))


def test_spatial_consistency_by_hand():
    """One image, two categories, 2 x 2 cells: whole, then flipped, then the left half."""
    labels, rows = torch.tensor([[1, 0]]), torch.tensor([0])
    loss, logits = in_run(labels), torch.zeros(1, 1, 2)
    first = torch.tensor([[[0.9, 0.1], [0.6, 0.4]], [[0.5, 0.5], [0.3, 0.7]]])
    second = torch.tensor([[[0.2, 0.8], [0.4, 0.6]], [[0.5, 0.5], [0.5, 0.5]]])
    negatives = compute("expected_negatives", logits[0], labels, running=torch.full((1, 2), 0.5), k=1.0, consistency=0)

    def call(epoch, cells, box=WHOLE, flipped=False):
        loss.start_epoch(epoch)
        maps = Maps(logits_of(cells)[None, None], torch.tensor([box]), torch.tensor([flipped]))
        return loss(logits, labels, rows, maps)

    torch.testing.assert_close(call(1, first), compute("an", logits, labels))  # the warm-up
    torch.testing.assert_close(loss.maps[0, 0].float(), first, rtol=0, atol=1e-3)
    found = call(2, second, flipped=True)  # against the first map, flipped: [[.1, .9], [.4, .6]], [[.5, .5], [.7, .3]]
    distances = [(0.1 + 0.1 + 0 + 0) / 4, (0 + 0 + 0.2 + 0.2) / 4]
    torch.testing.assert_close(found, (negatives + 3 * sum(distances) / 2)[None], rtol=0, atol=1e-3)
    kept = 0.75 * first + 0.25 * second.flip(-1)
    torch.testing.assert_close(loss.maps[0, 0].float(), kept, rtol=0, atol=1e-3)
    call(3, second, box=LEFT)  # its columns lie left and right of the center of the image's first column
    kept[..., 0] = 0.75 * kept[..., 0] + 0.25 * second.mean(-1)
    torch.testing.assert_close(loss.maps[0, 0].float(), kept, rtol=0, atol=1e-3)


def test_only_positives_and_unobserved_labels_have_a_distance():
    labels = torch.tensor([[1, 0, -1, -2]])
    distances = torch.tensor([[0.1, 0.2, 0.4, 0.8]], dtype=torch.float64)
    changes = {"running": torch.full((1, 4), 0.5), "k": 1, "consistency": 0}
    logits = torch.zeros((1, 4), dtype=torch.float64)
    found = compute("spatial_consistency", logits, labels, distances=distances, weight=2, **changes)
    wanted = compute("expected_negatives", logits, labels, **changes) + 2 * 0.3 / 4
    assert found.item() == pytest.approx(wanted.item())


def test_the_gradient_draws_a_map_to_its_past_and_leaves_new_cells_alone():
    labels, rows, logits = torch.tensor([[1]]), torch.tensor([0]), torch.zeros(1, 1, 1)
    loss, box = in_run(labels, weight=1), torch.tensor([LEFT])
    cells = torch.zeros(1, 1, 1, 4, 4)
    loss.start_epoch(1)
    loss(logits, labels, rows, Maps(cells + 2, box, torch.tensor([False])))
    values = cells.clone().requires_grad_()
    loss.start_epoch(2)
    loss(logits, labels, rows, Maps(values, torch.tensor([WHOLE]), torch.tensor([False]))).sum().backward()
    gradient = values.grad[0, 0, 0]
    torch.testing.assert_close(gradient[:, :2], torch.full((4, 2), -0.25 / 16))  # the slope of f at 0 is 1/4
    assert (gradient[:, 2:] == 0).all()


def test_without_maps_it_is_expected_negatives():
    labels, rows = torch.tensor([[1, 0, 0], [0, 0, -1]]), torch.tensor([1, 0])
    shared = {"k": 1.0, "consistency": 2, "momentum": 0.75, "warmup": 1}
    temporal = make_loss("expected_negatives", shared, RunContext([0], 9, lambda: [labels]))
    found = in_run(labels, **shared)
    for epoch in (1, 2, 3):
        logits = torch.randn(1, 2, 3, generator=torch.Generator().manual_seed(epoch))
        for loss in (found, temporal):
            loss.start_epoch(epoch)
        assert torch.equal(found(logits, labels[rows], rows), temporal(logits, labels[rows], rows))


def train(loss, labels, side, epochs=4):
    """Return the losses of some epochs with drawn maps and views."""
    losses = []
    for epoch in range(1, epochs + 1):
        random = torch.Generator().manual_seed(epoch)
        loss.start_epoch(epoch)
        for rows in torch.randperm(len(labels), generator=random).split(4):
            values = 3 * torch.randn((1, len(rows), labels.shape[1], side, side), generator=random)
            box = 0.5 * torch.rand((len(rows), 4), generator=random) + torch.tensor([0, 0, 0.3, 0.3])
            flipped = torch.rand(len(rows), generator=random) < 0.5
            losses.append(loss(values.mean((-2, -1)), labels[rows], rows, Maps(values, box, flipped)))
    return torch.cat(losses)


def limit_to(monkeypatch, categories, images, side):
    monkeypatch.setattr(running_maps, "LIMIT", 2 * images * side**2 * categories)


def test_maps_of_all_categories_by_name_equal_those_without_names():
    labels = torch.randint(-1, 2, (10, 5), generator=torch.Generator().manual_seed(0))
    full, named = in_run(labels), in_run(labels)
    named.index = torch.arange(5, dtype=torch.int32).repeat(1, 10, 1)
    named.maps = torch.full((1, 10, 5, 3, 3), NAN, dtype=torch.float16)
    assert torch.equal(train(full, labels, 3), train(named, labels, 3))
    assert torch.equal(full.maps.nan_to_num(-1), named.maps.nan_to_num(-1))


def test_beyond_the_limit_an_image_keeps_the_maps_of_its_likeliest_categories(monkeypatch):
    labels = torch.zeros(10, 5, dtype=torch.int8)
    limit_to(monkeypatch, 2, 10, 3)
    loss, full = in_run(labels), in_run(labels)
    losses = train(loss, labels, 3)
    assert loss.maps.shape == (1, 10, 2, 3, 3) and loss.index.dtype == torch.int32
    assert loss.state()["maps"].nbytes == running_maps.LIMIT
    wanted = loss.running.topk(2).indices.sort().values
    assert torch.equal(loss.index.long(), wanted)
    assert set(loss.state()) == {"running", "maps", "index"}
    monkeypatch.undo()
    assert (
        losses[3:] <= train(full, labels, 3)[3:]
    ).all() and losses.isfinite().all()  # a category without a map has no distance
    kept = full.maps.gather(2, loss.index.long()[..., None, None].expand_as(loss.maps))
    same = torch.isclose(loss.maps.float(), kept.float(), atol=1e-3) | loss.maps.isnan()
    assert same.float().mean() > 0.5  # categories that were likely from the first epoch on


def test_a_sparse_run_goes_on_from_its_state(monkeypatch):
    labels = torch.zeros(10, 5, dtype=torch.int8)
    limit_to(monkeypatch, 2, 10, 3)
    whole, first, second = in_run(labels), in_run(labels), in_run(labels)
    train(first, labels, 3, epochs=2)
    second.load_state(first.state())
    assert torch.equal(train(first, labels, 3), train(second, labels, 3))
    assert train(whole, labels, 3).isfinite().all()


@pytest.mark.parametrize(
    ("images", "categories", "gigabytes"),
    [
        (4574, 20, 0.036),
        (65_665, 80, 2.1),
        (129_431, 81, 4.1),
        (4795, 312, 0.6),
    ],  # VOC, COCO, NUS-WIDE, CUB at 448 pixels
)
def test_published_data_sets_keep_all_maps(images, categories, gigabytes):
    assert kept_categories(images, categories, 14) == categories
    assert 2 * images * categories * 14**2 / 1e9 == pytest.approx(gigabytes, rel=0.05)


def test_larger_ones_keep_as_many_as_the_limit_takes():
    kept = kept_categories(1_700_000, 9600, 14)
    assert kept == 12 and 2 * 1_700_000 * kept * 14**2 <= running_maps.LIMIT
    assert kept_categories(10**9, 5, 14) == 1
