import pytest

from plan import minutes

MLP = {"head": "mlp", "hidden": 512, "epochs": 25, "batch_sizes": [64], "learning_rates": [3e-3, 1e-3, 3e-4]}
RESNET50 = (102_000_000, 1)  # bytes of its weights
NETWORK = {"side": 448, "crops": 1, "gpus": 0}
COCO = (82_081, 80)


@pytest.mark.parametrize(
    ("asked", "measured"),
    [  # seconds of docs/performance.md, on the cores of the job
        (minutes.rows((300_000, 5_000)), 1330),  # make_pseudo_labels
        (minutes.rows((300_000, 5_000)), 674),  # predict_logits
        (minutes.compared((300_000, 5_000), methods=1), 1567),
        (minutes.evaluated((60_000, 5_000), (300_000, 5_000)), 840),
        (minutes.trained(COCO, (82_081, 2_048), [MLP]), 25 * 3 * 2.97),
        (minutes.extracted((20_000, 3), RESNET50, NETWORK, threads=2), 20_000 / 7.5),
        (minutes.parsed((502_000_000, 1)), 13),
        (minutes.decomposed((82_081, 2_048)), 60),
    ],
)
def test_what_is_asked_for_is_some_times_what_was_measured(asked, measured):
    assert 1.5 <= 60 * asked / measured <= 20


def test_time_grows_with_what_a_job_reads_and_trains():
    for images in (1_000, 100_000, 2_000_000):
        assert minutes.rows((images, 80)) <= minutes.rows((images, 601)) <= minutes.rows((10 * images, 601))
    once = minutes.trained(COCO, (82_081, 2_048), [MLP])
    assert minutes.trained(COCO, (82_081, 2_048), [MLP, MLP]) > once
    assert minutes.trained(COCO, (82_081, 2_048), [MLP | {"learning_rates": "auto"}]) > once
    assert minutes.staged(COCO, (82_081, 2_048), COCO, (82_081, 2_048), [MLP]) == 2 * once
    assert minutes.staged(COCO, (82_081, 2_048), (0, 0), (0, 0), [MLP]) == once


def test_a_ridge_regression_takes_less_than_a_search_and_auto_both():
    ridge = {"head": "ridge", "penalties": [1.0] * 15}
    features = 82_081, 2_048
    assert minutes.trained(COCO, features, [ridge]) < minutes.trained(COCO, features, [MLP])
    assert minutes.trained(COCO, features, [MLP | ridge]) >= minutes.trained(COCO, features, [MLP])


def test_a_gpu_and_more_cores_take_less():
    table, gpu = (20_000, 3), NETWORK | {"gpus": 1}
    one, eight = (minutes.extracted(table, RESNET50, NETWORK, threads=threads) for threads in (1, 8))
    assert one > 4 * eight > minutes.extracted(table, RESNET50, gpu, threads=8)
    epochs = {"epochs": 10}
    assert minutes.tuned(COCO, RESNET50, NETWORK | epochs) > 100 * minutes.tuned(COCO, RESNET50, gpu | epochs)


def test_a_size_that_only_the_weights_tell_is_a_middle_one():
    sizes = [minutes.extracted((20_000, 3), RESNET50, NETWORK | {"side": side}, threads=8) for side in (224, 0, 448)]
    assert sizes == sorted(sizes)
