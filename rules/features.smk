# A backbone turns pictures into features: a pretrained one once for all models, one that was trained with a model for that.


# No code among its inputs: see fetch_archive.
rule fetch_weights:
    output:
        weights="resources/weights/{backbone}.safetensors",
    log:
        "resources/logs/fetch_weights/{backbone}.log",
    benchmark:
        "resources/benchmarks/fetch_weights/{backbone}.tsv"
    localrule: True
    conda:
        "../envs/torch.yaml"
    params:
        options=plan(features.weights_options),
        download=plan(features.weights_download),
        fingerprint=plan(features.fingerprint_folder),
    script:
        "../workflow_scripts/fetch_weights.py"


# Where features are shared: the record is an output, since Snakemake's cache keeps outputs alone, and there is no benchmark,
# which Snakemake allows no cached rule.
rule extract_features:
    input:
        images=shard_images,
        tars=shard_tars,
        weights=plan(features.backbone_weights),
        trained=plan(backbones.trained_checkpoint),
        code=plan(features.backbone_code, rule="extract_features"),
    output:
        **({"record": "results/{dataset}/features/{backbone}/{part}/.{shard}.h5.record"} if IS_SHARED else {}),
        features="results/{dataset}/features/{backbone}/{part}/{shard}.h5",
    log:
        "results/{dataset}/logs/extract_features/{backbone}/{part}/{shard}.log",
    benchmark:
        "results/{dataset}/benchmarks/extract_features/{backbone}/{part}/{shard}.tsv"
    cache: "omit-software" if IS_SHARED else False
    conda:
        "../envs/torch.yaml"
    threads: 8
    resources:
        mem_mb=by_shape(8000, memory.extracted, "weights"),
        runtime=by_shape(30, minutes.extracted, "images", "weights", network=plan(features.network_size)),
        gpu=MACHINE.gpus_per_job,
        device=MACHINE.device,
        batch_size=MACHINE.batch_size,
    params:
        **({"shared": shared} if IS_SHARED else {}),
        options=plan(features.extraction),
    script:
        "../workflow_scripts/extract_features.py"


if IS_SHARED:
    rules.extract_features.rule._benchmark = None


# Features that others computed. Their ids are compared with those of the images once for all shards.
rule match_rows:
    input:
        listed=paths.images(),
        matrix=plan(matrices.files),
        ids=plan(matrices.id_file),
        table=plan(matrices.table),
        code=code("match_rows"),
    output:
        matched="results/{dataset}/features/{backbone}/{part}/matched_rows.h5",
    log:
        "results/{dataset}/logs/match_rows/{backbone}/{part}.log",
    benchmark:
        "results/{dataset}/benchmarks/match_rows/{backbone}/{part}.tsv"
    priority: 1  # a mistake in a file ends the run before hours of extraction
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=by_shape(2000, memory.listed, "listed"),
        runtime=by_shape(15, minutes.listed, "listed"),
    params:
        options=plan(matrices.matching),
    script:
        "../workflow_scripts/match_rows.py"


# Shards of another name, so that the backbone tells which rule makes them.
rule convert_features:
    input:
        images=shard_images,
        matched=paths.matched_rows(),
        matrix=plan(matrices.files),
        code=code("convert_features"),
    output:
        features="results/{dataset}/features/{backbone}/{part}/rows_{shard}.h5",
    log:
        "results/{dataset}/logs/convert_features/{backbone}/{part}/{shard}.log",
    benchmark:
        "results/{dataset}/benchmarks/convert_features/{backbone}/{part}/{shard}.tsv"
    priority: 1  # a mistake in a file ends the run before hours of extraction
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=per_attempt(4000),
        runtime=by_shape(30, minutes.listed, "images"),
    params:
        options=plan(matrices.conversion),
    script:
        "../workflow_scripts/convert_features.py"


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
        runtime=by_shape(15, minutes.listed, "shards"),
    script:
        "../workflow_scripts/index_features.py"


rule choose_landmarks:
    input:
        features=paths.features(part="train"),
        labels=paths.labels(part="train"),
        code=code("choose_landmarks"),
    output:
        landmarks="results/{dataset}/features/{backbone}/{kernel}/landmarks.h5",
    log:
        "results/{dataset}/logs/choose_landmarks/{backbone}/{kernel}.log",
    benchmark:
        "results/{dataset}/benchmarks/choose_landmarks/{backbone}/{kernel}.tsv"
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=by_shape(2000, memory.mapped, "features"),
        runtime=by_shape(15, minutes.copied, "features"),
    params:
        options=plan(features.landmark_options),
    script:
        "../workflow_scripts/choose_landmarks.py"


rule map_features:
    input:
        features=paths.features(),
        landmarks=paths.landmarks(),
        code=code("map_features"),
    output:
        features="results/{dataset}/features/{backbone}/{kernel}/{part}.h5",
        shard="results/{dataset}/features/{backbone}/{kernel}/{part}/00000.h5",
    log:
        "results/{dataset}/logs/map_features/{backbone}/{kernel}/{part}.log",
    benchmark:
        "results/{dataset}/benchmarks/map_features/{backbone}/{kernel}/{part}.tsv"
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=by_shape(2000, memory.mapped, "features"),
        runtime=by_shape(15, minutes.mapped, "features", landmarks=memory.LANDMARKS),
    script:
        "../workflow_scripts/map_features.py"


rule decompose_features:
    input:
        features=plan(features.decomposed_features),
        labels=paths.labels(part="train"),
        landmarks=plan(features.decomposed_landmarks),
        code=code("decompose_features"),
    output:
        decomposition="results/{dataset}/features/{backbone}/{kernel}/decomposition.h5",
    log:
        "results/{dataset}/logs/decompose_features/{backbone}/{kernel}.log",
    benchmark:
        "results/{dataset}/benchmarks/decompose_features/{backbone}/{kernel}.tsv"
    priority: 1  # while all cores are free: jobs of one thread would keep it waiting to the end
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        mem_mb=by_shape(4000, memory.decomposed, "labels", "features"),
        runtime=by_shape(30, minutes.decomposed, "features"),
    script:
        "../workflow_scripts/decompose_features.py"
