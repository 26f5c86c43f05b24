# A frozen backbone turns pictures into features, once for all models.


# No code among its inputs: see fetch_archive.
rule fetch_weights:
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
        architecture=plan(training.architecture),
        download=plan(training.weights_download),
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
        gpu=MACHINE.gpus_per_job,
        device=MACHINE.device,
    params:
        architecture=plan(training.architecture),
        options=plan(training.pretraining),
    script:
        "../workflow_scripts/pretrain_demo_backbone.py"


rule extract_features:
    input:
        images=shard_images,
        weights=plan(training.backbone_weights),
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
        gpu=MACHINE.gpus_per_job,
        device=MACHINE.device,
        batch_size=MACHINE.batch_size,
    params:
        options=plan(training.extraction),
    script:
        "../workflow_scripts/extract_features.py"


rule index_features:
    input:
        shards=shard_features,
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
