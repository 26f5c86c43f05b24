"""What `make slurm-site` makes of the text of scontrol, sinfo and sacctmgr, in the shapes of several sites."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
import yte
from snakemake_executor_plugin_slurm.partitions import PartitionLimits, read_partition_file

from plan import console, slurm_partitions, slurm_site
from plan.errors import ConfigError
from plan.slurm_partitions import User

# As Slurm prints it with --oneliner; the middle of the lines is left out.
LINE = (
    "PartitionName={name} AllowGroups={groups} {accounts} AllowQos={qos} AllocNodes=ALL Default={default} QoS=N/A "
    "DefaultTime=00:30:00 DisableRootJobs=YES ExclusiveUser=NO GraceTime=0 Hidden={hidden} MaxNodes=UNLIMITED "
    "MaxTime={time} MinNodes=0 LLN=NO MaxCPUsPerNode={cores} Nodes=node[001-018] PriorityTier=3 RootOnly={root} "
    "OverSubscribe=NO PreemptMode=OFF State={state} TotalCPUs=536 TotalNodes=18 DefMemPerCPU=2150 MaxMemPerNode={memory} "
    "TRES=cpu=536,mem=3414036M,node=18,billing=536,gres/gpu=12"
)
USUAL = {
    "groups": "ALL",
    "accounts": "AllowAccounts=ALL",
    "qos": "ALL",
    "default": "NO",
    "hidden": "NO",
    "time": "7-00:00:00",
    "cores": "UNLIMITED",
    "root": "NO",
    "state": "UP",
    "memory": "UNLIMITED",
}
NODES = "{name}|64|257000|(null)|(null)\n"
GPU_NODES = "{name}|48|515000|gpu:a100:4(S:0-1)|a100,nvlink\n{name}|32|385000|gpu:h100:2(S:0),gpu:h100:2(S:1)|h100\n"
CONFIG = "AccountingStorageType   = accounting_storage/{storage}\nMinJobAge               = {age} sec\n"
ALONE = dict.fromkeys(slurm_site.VARIABLES, "")


def partition(name, **changes):
    return LINE.format(name=name, **USUAL | changes) + "\n"


def found(*lines, nodes=None, user=None, wanted=()):
    names = [line.split("=")[1].split()[0] for line in lines]
    text = "".join(NODES.format(name=name) for name in names) if nodes is None else nodes
    return slurm_partitions.find("".join(lines), text, user or User(), wanted)


def site(*, partitions=None, nodes=None, associations="", default="", storage="slurmdbd", age=300, **values):
    partitions = partitions or partition("normal", default="YES")
    return slurm_site.site(
        config=CONFIG.format(storage=storage, age=age),
        partitions=partitions,
        nodes=nodes or NODES.format(name="normal"),
        associations=associations,
        default_account=default,
        groups=("users",),
        values=ALONE | values,
    )


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("7-00:00:00", 10080),
        ("2-12:30:00", 3630),
        ("21-0", 30240),
        ("01:00:00", 60),
        ("00:00:90", 1),
        ("30", 30),
        ("90:30", 90),
        ("UNLIMITED", None),
        ("INFINITE", None),
    ],
)
def test_times(text, wanted):
    assert slurm_partitions.minutes(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("(null)", {}),
        ("gpu:2", {"": 2}),
        ("gpu", {"": 1}),
        ("gpu:a100:4(S:0-1)", {"a100": 4}),
        ("gpu:h100:2(S:0,2),gpu:h100:2(S:1,3)", {"h100": 4}),
        ("shard:a100:64(S:0-1),gpu:a100:4(S:0-1),tmp:900G", {"a100": 4}),
        ("gpu:nvidia_h100_80gb_hbm3_3g.40gb:3(S:0-1),gpu:v100:1", {"nvidia_h100_80gb_hbm3_3g.40gb": 3, "v100": 1}),
    ],
)
def test_gpus_of_a_node(text, wanted):
    assert slurm_partitions.gpus(text) == wanted


def test_limits_are_those_of_one_job_on_the_largest_node():
    both = found(partition("gpu", time="2-00:00:00"), nodes=GPU_NODES.format(name="gpu"))
    assert both.limits["gpu"] == {
        "max_runtime": 2880,
        "max_threads": 48,
        "max_mem_mb": 515000,
        "max_gpu": 4,
        "available_gpu_models": ["a100", "h100"],
        "available_constraints": ["a100", "h100", "nvlink"],
    }
    assert both.gpu_models == ["a100", "h100"]


def test_no_limit_of_time_is_no_key_and_limits_of_a_partition_count():
    limits = found(partition("long", time="UNLIMITED", cores="16", memory="120000")).limits["long"]
    assert limits == {"max_threads": 16, "max_mem_mb": 120000}


@pytest.mark.parametrize(
    ("changes", "user", "reason"),
    [
        ({"state": "DOWN"}, User(), "its state is DOWN"),
        ({"state": "DRAIN"}, User(), "its state is DRAIN"),
        ({"hidden": "YES"}, User(), "it is hidden"),
        ({"root": "YES"}, User(), "it is for root alone"),
        ({"accounts": "AllowAccounts=stat,bio"}, User(accounts=("chem",)), "it is for account stat, bio"),
        ({"accounts": "AllowAccounts=stat,bio"}, User(accounts=("chem", "bio")), None),
        ({"accounts": "AllowAccounts=stat"}, User(), None),  # without accounting nobody knows
        ({"accounts": "DenyAccounts=public"}, User(accounts=("public",)), "it is closed to your accounts"),
        ({"accounts": "DenyAccounts=public"}, User(accounts=("public", "bio")), None),
        ({"groups": "lab"}, User(groups=("users",)), "it is for group lab"),
        ({"groups": "lab,users"}, User(groups=("users",)), None),
        ({"qos": "high"}, User(qos=("normal",)), "it is for QOS high"),
    ],
)
def test_a_partition_that_jobs_cannot_use_is_left_out_with_the_reason(changes, user, reason):
    result = found(partition("some", **changes), partition("other"), user=user)
    assert result.left_out.get("some") == reason
    assert list(result.limits) == (["other"] if reason else ["some", "other"])


@pytest.mark.parametrize("name", ["debug", "gpu-debug", "interactive", "test_long", "devel"])
def test_a_partition_for_trials_is_left_out_unless_it_is_named(name):
    assert found(partition(name), partition("short")).left_out == {name: "its name says that it is for trials"}
    assert list(found(partition(name), partition("short"), wanted=[name]).limits) == [name]


@pytest.mark.parametrize("name", ["latest", "contest", "devices", "short"])
def test_other_names_are_not_taken_for_trials(name):
    assert list(found(partition(name)).limits) == [name]


def test_a_partition_without_nodes_is_left_out_and_the_default_one_comes_first():
    result = found(
        partition("cloud"),
        partition("short"),
        partition("main", default="YES"),
        nodes=NODES.format(name="main") + NODES.format(name="short"),
    )
    assert result.left_out == {"cloud": "it has no nodes"}
    assert list(result.limits) == ["main", "short"]


def test_the_plugin_reads_the_file(tmp_path):
    lines = partition("cpu", time="12:00:00") + partition("gpu", time="UNLIMITED", default="YES")
    text = site(partitions=lines, nodes=NODES.format(name="cpu") + GPU_NODES.format(name="gpu")).partitions
    (tmp_path / "partitions.yaml").write_text(text)
    gpu, cpu = read_partition_file(tmp_path / "partitions.yaml")
    assert (gpu.name, cpu.name) == ("gpu", "cpu")
    assert cpu.limits == PartitionLimits(max_runtime=720, max_threads=64, max_mem_mb=257000)
    assert gpu.limits.available_gpu_models == ["a100", "h100"] and gpu.limits.max_runtime == float("inf")


@pytest.mark.parametrize(
    ("associations", "default", "named", "account"),
    [
        ("chem|normal\n", "chem\n", "", "chem"),
        ("chem|normal\nbio|normal,long\n", "bio\n", "", "bio"),
        ("chem|normal\nbio|normal\n", "", "", None),
        ("chem|normal\nbio|normal\n", "bio\n", "chem", "chem"),
        ("", "", "", None),
        ("", "", "chem", "chem"),
    ],
)
def test_the_account(associations, default, named, account):
    profile = yaml.safe_load(site(associations=associations, default=default, ACCOUNT=named).profile)
    assert profile.get("default-resources", {}).get("slurm_account") == account


@pytest.mark.parametrize(
    ("storage", "age", "command"),
    [("slurmdbd", 300, "squeue"), ("slurmdbd", 60, "sacct"), ("none", 300, "squeue"), ("none", 60, "squeue")],
)
def test_states_of_jobs_come_from_squeue_where_it_remembers_long_enough(storage, age, command):
    made = site(storage=storage, age=age)
    assert yaml.safe_load(made.profile)["slurm-status-command"] == command
    (line,) = [line for line in made.lines if line.startswith("States of jobs")]
    assert ("may be lost from sight" in line) == (storage == "none" and age == 60)
    assert any("keeps no accounts" in line for line in made.lines) == (storage == "none")


def test_gpus_are_asked_for_by_model_where_one_is_named():
    with_gpus = {"partitions": partition("gpu"), "nodes": GPU_NODES.format(name="gpu")}
    assert "set-resources" not in yaml.safe_load(site(**with_gpus).profile)
    for chosen, asked in (("h100", {"gpu": 1, "gpu_model": "h100"}), ("any", {"gpu": 1})):
        resources = yaml.safe_load(site(**with_gpus, GPU=chosen).profile)["set-resources"]
        assert resources == dict.fromkeys(slurm_site.GPU_RULES, asked)
    assert "machine.gpus_per_job: 1" in site(**with_gpus, GPU="any").lines[-1]


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"GPU": "h100"}, "GPU: found h100, but no partition that your jobs can use has a GPU"),
        ({"PARTITIONS": "normal,shrot"}, "PARTITIONS: found shrot, wanted names among normal"),
        ({"ACCOUNT": "phys"}, "ACCOUNT: found phys, wanted one of yours: chem, bio"),
    ],
)
def test_a_name_that_the_site_does_not_have_is_refused(values, line):
    with pytest.raises(ConfigError) as error:
        site(associations="chem|normal\nbio|normal\n", **values)
    assert error.value.lines == [line]


def test_a_model_that_no_node_has_is_refused_with_the_names_of_those_that_are_there():
    with pytest.raises(ConfigError, match="GPU: found v100, wanted one of any, a100, h100"):
        site(partitions=partition("gpu"), nodes=GPU_NODES.format(name="gpu"), GPU="v100")


def test_a_site_without_a_partition_for_the_user_is_refused_with_the_reasons():
    with pytest.raises(ConfigError, match=r"found no partition that your jobs can use \(normal: its state is DOWN\)"):
        site(partitions=partition("normal", state="DOWN"))


def test_the_rules_that_ask_for_gpus_are_those_of_the_list():
    text = "".join(path.read_text() for path in (Path(__file__).parents[3] / "rules").glob("*.smk"))
    rules = re.split(r"^(?:rule|checkpoint) ", text, flags=re.M)[1:]
    asking = {rule.partition(":")[0] for rule in rules if "gpus_per_job" in rule}
    assert asking == set(slurm_site.GPU_RULES)


@pytest.mark.parametrize(
    ("settings", "groups", "found"),
    [
        ({"array_jobs": "all"}, {}, "slurm-array-jobs: found 'all', wanted nothing"),
        ({"array_jobs": None}, {"small": 20, "few": 2}, "group-components: found small=20, few=2, wanted nothing"),
    ],
)
def test_arrays_and_groups_of_components_are_refused(settings, groups, found):
    with pytest.raises(SystemExit, match=re.escape(found)):
        console.refuse_bundles(SimpleNamespace(**settings), groups)


@pytest.mark.parametrize("settings", [None, SimpleNamespace(), SimpleNamespace(array_jobs=None)])
def test_other_executors_and_single_jobs_are_not_refused(settings):
    console.refuse_bundles(settings, {})


def test_the_profile_of_slurm_reads_the_file_of_the_site_where_it_is_there(tmp_path, monkeypatch):
    profile = Path(__file__).parents[3] / "slurm/profile.yaml"
    monkeypatch.chdir(tmp_path)
    with profile.open() as file:
        without = yte.process_yaml(file)
    assert without["default-resources"] == {"mem_mb": 2000, "runtime": 60} and "slurm-partition-config" not in without
    (tmp_path / "slurm").mkdir()
    (tmp_path / slurm_site.PROFILE).write_text(site(associations="123|normal\n").profile)
    with profile.open() as file:
        merged = yte.process_yaml(file)
    assert merged["default-resources"] == {"mem_mb": 2000, "runtime": 60, "slurm_account": "123"}
    assert merged["slurm-partition-config"] == "slurm/partitions.yaml"
    assert {key: merged[key] for key in set(without) - {"default-resources"}} == {
        key: without[key] for key in set(without) - {"default-resources"}
    }
