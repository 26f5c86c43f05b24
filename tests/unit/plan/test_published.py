"""Published numbers: which models they are compared with, and the protocols in docs/published."""

import pytest
import yaml

import tiny
from plan import load, protocols, published
from plan.errors import ConfigError
from unit.plan import dag

SECTION = {"source": "Somebody 2022, table 1", "mode": "frozen", "map": {"em": 50.0, "paper@0.5": None}}
WITH = tiny.changed(tiny.CONFIG, {"datasets/tiny/published": SECTION})


def experiment(**changes):
    return load.experiments(tiny.changed(WITH, {f"datasets/tiny/published/{key}": changes[key] for key in changes}))[
        "tiny"
    ]


def mistakes(**changes):
    with pytest.raises(ConfigError) as error:
        experiment(**changes)
    return error.value.lines


def test_metrics_are_those_of_the_named_models_alone():
    made = experiment()
    assert published.metrics(made) == [
        f"results/tiny/metrics/{model}.json"
        for model in (
            *("teachers/em/seed_1200", "teachers/em/seed_1201"),
            *("students/paper/seed_1200/tau_0.50", "students/paper/seed_1201/tau_0.50"),
        )
    ]
    assert [row["name"] for row in published.models(made)] == ["em", "em", "paper", "paper"]
    assert published.options(made)["map"] == [["teachers/em/", 50], ["students/paper/tau_0.50", None]]


def test_the_report_reads_the_table_where_there_are_published_numbers():
    plain, more = ({job.rule for job in dag.jobs(config).values()} for config in (tiny.CONFIG, WITH))
    assert more - plain == {"compare_published"}


def test_a_published_number_changes_its_table_and_the_report_alone():
    other = tiny.changed(WITH, {"datasets/tiny/published/map/em": 51.0})
    assert dag.planned(WITH, other) == {"compare_published": 1, "write_report": 1, "write_crate": 1}


def test_without_published_numbers_the_target_ends_in_one_sentence():
    with pytest.raises(SystemExit) as error:
        published.metrics(load.experiments(tiny.CONFIG)["tiny"])
    assert "datasets.tiny.published: found nothing, wanted published numbers: make published" in str(error.value)


def test_models_that_no_entry_trains_are_refused():
    assert mistakes(map={"emm": 1.0}) == [
        "datasets.tiny.published.map: found 'emm', wanted one of em, an, full; did you mean em?"
    ]
    assert mistakes(map={"paper@0.6": 1.0}) == [
        "datasets.tiny.published.map: found 'paper@0.6', wanted paper@ and one of 0.50, 0.70"
    ]


def test_numbers_of_trained_backbones_never_stand_beside_frozen_ones():
    (line, _) = mistakes(mode="end_to_end")
    assert line == (
        "datasets.tiny.published.mode: found end_to_end, but em is of mode frozen; wanted mode: end_to_end of teachers.em, "
        "or em not here"
    )


@pytest.mark.parametrize("number", [0, 100, 150.0, "many"])
def test_a_number_is_mean_average_precision_in_percent(number):
    (line,) = mistakes(map={"em": number})
    assert line.startswith("datasets.tiny.published.map.em: ") and "a number above 0 and below 100" in line


def test_lines_show_what_is_there_and_what_is_not():
    row = {"source": "S", "label": "EM", "published_map": "70.70", "test_map": "", "test_map_std": "", "replicates": ""}
    other = row | {"label": "An", "published_map": "", "test_map": "64.00", "test_map_std": "1.25", "replicates": "3"}
    assert published.text([row, other]).splitlines() == [
        "S",
        "    published          ours  replicates",
        "EM      70.70             -           -",
        "An          -  64.00 ± 1.25           3",
    ]


# -- the protocols


@pytest.fixture
def one(tmp_path, monkeypatch):
    """A folder without results, and a protocol ``tiny`` alone."""
    monkeypatch.setattr(protocols, "FOLDER", tmp_path / "protocols")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "protocols").mkdir()
    (tmp_path / "protocols/tiny.yaml").write_text(yaml.safe_dump(WITH))
    return tmp_path


def arguments(**values):
    return protocols.arguments(dict.fromkeys(protocols.VARIABLES, "") | values)


def test_a_protocol_is_a_command_of_snakemake(one):
    begin = ["snakemake", "--cores", "all", "--configfile", "protocols/tiny.yaml"]
    assert arguments(PROTOCOL="tiny") == [*begin, "--", "published"]
    (one / "own.yaml").touch()
    own = arguments(PROTOCOL="tiny", DATASET="tiny", CONFIG="own.yaml")
    assert own == [*begin, "own.yaml", "--config", 'dataset="tiny"', "--", "published"]


def test_what_is_not_there_is_named(one):
    with pytest.raises(ConfigError) as error:
        arguments(PROTOCOL="tinny", CONFIG="gone.yaml")
    assert error.value.lines == [
        "PROTOCOL: found 'tinny', wanted one of tiny; did you mean tiny?",
        "CONFIG: found 'gone.yaml', which is no file; wanted a configuration, as own.yaml",
    ]
    with pytest.raises(ConfigError) as error:
        arguments(PROTOCOL="tiny", DATASET="demo")  # a data set of config.yaml, without published numbers
    assert error.value.lines == ["DATASET: found 'demo', wanted one of tiny"]


def test_our_numbers_are_empty_until_a_run_has_made_them(one):
    assert protocols.overview().splitlines() == [
        "make published PROTOCOL=tiny DATASET=tiny",
        "Somebody 2022, table 1",
        "                            published  ours  replicates",
        "Entropy maximisation            50.00     -           -",
        "Pseudo multi-labels τ 0.50          -     -           -",
    ]
    table = one / "results/tiny/tables/published.csv"
    table.parent.mkdir(parents=True)
    columns = "kind,name,variant,label,published_map,test_map,test_map_std,replicates"
    table.write_text(
        f"{columns}\nteachers,em,,old name,12.00,49.50,1.25,2\n"
    )  # published numbers are those of the file
    assert protocols.overview().splitlines()[3:] == [
        "Entropy maximisation            50.00  49.50 ± 1.25           2",
        "Pseudo multi-labels τ 0.50          -             -           -",
    ]


def of_protocol(name, dataset):
    """The experiment of a protocol on one data set, with every reference checked; of NUS-WIDE a copy is named."""
    own = protocols._read(protocols.FOLDER / f"{name}.yaml") | {"dataset": dataset}
    copy = {"annotations": "list.txt", "images": "pictures"}
    named = {"datasets": {"nuswide": {"train": copy, "test": copy}}}
    return load.experiments(
        protocols._merged(protocols._merged(protocols._read(tiny.ROOT / "config.yaml"), own), named)
    )[dataset]


@pytest.mark.parametrize("name", protocols.names())
def test_every_protocol_holds_on_each_of_its_data_sets(name):
    found = protocols.experiments(name)
    assert list(found) == ["coco2014", "voc2012", "nuswide", "cub"]
    for dataset in found:
        made = of_protocol(name, dataset)
        assert made.entry.published.mode == "end_to_end" and made.name == name


@pytest.mark.parametrize(
    ("name", "dataset", "sizes", "rates", "patience"),
    [
        ("cole2021", "coco2014", [8, 16], [0.01, 0.001, 0.0001, 0.00001], None),
        ("cole2021", "cub", [8, 16], [0.01, 0.001, 0.0001, 0.00001], None),
        ("zhou2022", "coco2014", [16], [0.00001], 1),
        ("zhou2022", "nuswide", [16], [0.00001], 1),
        ("zhou2022", "voc2012", [8], [0.00001], 1),
        ("zhou2022", "cub", [8], [0.0001], 1),
    ],
)
def test_models_of_a_protocol_are_trained_as_published(name, dataset, sizes, rates, patience):
    made = of_protocol(name, dataset)
    for reference in made.entry.published.map:
        options = made.training_options(made.teachers[reference])
        assert (options["mode"], options["head"], options["epochs"]) == ("end_to_end", "linear", 10)
        assert (options["batch_sizes"], options["learning_rates"]) == (sizes, rates)
        assert (options["patience"], options["augment"], options["weight_decay"]) == (patience, ["flip"], 0)
        assert made.backbone(made.teachers[reference]) == "resnet50"
    assert made.config.backbones["resnet50"].image_size == 448


def test_two_protocols_share_no_model():
    own = [set(protocols._read(protocols.FOLDER / f"{name}.yaml")["teachers"]) for name in protocols.names()]
    taken_away = {"em", "an", "gr", "ll_r", "full"}
    assert own[0] & own[1] == taken_away
