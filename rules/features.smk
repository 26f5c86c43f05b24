# A frozen backbone turns pictures into features, once for all models.


rule fetch_weights:
    input:
        code=code("fetch_weights"),
    output:
        weights="resources/weights/imagenet/{backbone}.pth",
    log:
        "resources/logs/fetch_weights/{backbone}.log",
    benchmark:
        "resources/benchmarks/fetch_weights/{backbone}.tsv"
    localrule: True
    conda:
        "../envs/torch.yaml"
    params:
        architecture=lambda wildcards: BACKBONES[wildcards.backbone]["architecture"],
        download=lambda wildcards: plain(BACKBONES[wildcards.backbone].get("download") or {}),
    script:
        "../workflow_scripts/fetch_weights.py"


rule pretrain_demo_backbone:
    input:
        code=code("pretrain_demo_backbone"),
    output:
        weights="resources/weights/demo/{backbone}.pth",
    log:
        "resources/logs/pretrain_demo_backbone/{backbone}.log",
    benchmark:
        "resources/benchmarks/pretrain_demo_backbone/{backbone}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
        gpu=MACHINE["gpus_per_job"],
        device=MACHINE["device"],
    params:
        architecture=lambda wildcards: BACKBONES[wildcards.backbone]["architecture"],
        options=plain({key: DEMO[key] for key in ("seed", "singles", "pretraining_epochs")}),
    script:
        "../workflow_scripts/pretrain_demo_backbone.py"


rule extract_features:
    input:
        images=listed_shard,
        weights=backbone_weights,
        code=code("extract_features"),
    output:
        features="results/{dataset}/features/{backbone}/{part}/{shard}.h5",
    log:
        "results/{dataset}/logs/extract_features/{backbone}/{part}/{shard}.log",
    benchmark:
        "results/{dataset}/benchmarks/extract_features/{backbone}/{part}/{shard}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 8
    resources:
        mem_mb=per_attempt(8000),
        runtime=per_attempt(240),
        gpu=MACHINE["gpus_per_job"],
        device=MACHINE["device"],
        batch_size=MACHINE["batch_size"],
    params:
        options=lambda wildcards: extraction(wildcards.backbone),
    script:
        "../workflow_scripts/extract_features.py"


rule index_features:
    input:
        shards=feature_shards,
        code=code("index_features"),
    output:
        features="results/{dataset}/features/{backbone}/{part}.h5",
    log:
        "results/{dataset}/logs/index_features/{backbone}/{part}.log",
    benchmark:
        "results/{dataset}/benchmarks/index_features/{backbone}/{part}.tsv"
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=per_attempt(2000),
        runtime=per_attempt(60),
    script:
        "../workflow_scripts/index_features.py"
