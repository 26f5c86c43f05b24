# The images that count, and their true labels.


# COCO JSON of 330 MB takes seconds to read; what rules need of it takes one megabyte.
rule read_annotations:
    input:
        annotations=plan(acquire.annotations),
        code=code("read_annotations"),
    output:
        annotations="results/{dataset}/annotations/{part}.h5",
    log:
        "results/{dataset}/logs/read_annotations/{part}.log",
    benchmark:
        "results/{dataset}/benchmarks/read_annotations/{part}.tsv"
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=by_shape(1000, memory.parsed, "annotations"),
        runtime=by_shape(15, minutes.parsed, "annotations"),
    script:
        "../workflow_scripts/read_annotations.py"


# Headers alone: what lies where in a tar of pictures, so that no other job looks for it.
rule index_tar:
    input:
        tar=stored(tars.one),
        code=code("index_tar"),
    output:
        index="results/{dataset}/tars/{part}/{tar}.csv",
    log:
        "results/{dataset}/logs/index_tar/{part}/{tar}.log",
    benchmark:
        "results/{dataset}/benchmarks/index_tar/{part}/{tar}.tsv"
    wildcard_constraints:
        part="train|test|pool|predict",
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=per_attempt(2000),
        runtime=by_shape(15, minutes.parsed, "tar"),
    params:
        options=plan(tars.index_options),
    script:
        "../workflow_scripts/index_tar.py"


# A checkpoint, so that a run does not extract again where edited annotations leave the list of images as it was.
checkpoint list_images:
    input:
        annotations=plan(data.annotations),
        left_out=plan(data.converted_left_out),
        pictures=plan(data.pictures),
        pool=plan(data.pool_list),
        indexes=plan(tars.indexes),
        code=code("list_images"),
    output:
        images="results/{dataset}/images/{part}.csv",
        left_out="results/{dataset}/images/{part}_left_out.csv",
        shards=directory("results/{dataset}/images/{part}"),
    log:
        "results/{dataset}/logs/list_images/{part}.log",
    benchmark:
        "results/{dataset}/benchmarks/list_images/{part}.tsv"
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=by_shape(1000, memory.listed, "annotations"),
        runtime=by_shape(15, minutes.listed, "annotations"),
    params:
        **({"checksums": lambda wildcards, input: True} if IS_SHARED else {}),  # takes input: no trigger
        options=plan(data.listing_options),
        fingerprint=plan(data.fingerprint_pool),
    script:
        "../workflow_scripts/list_images.py"


rule make_labels:
    input:
        train=plan(data.annotations, part="train"),
        test=plan(data.annotations, part="test"),
        train_images=paths.images(part="train"),
        test_images=paths.images(part="test"),
        categories=plan(data.categories),
        code=code("make_labels"),
    output:
        train="results/{dataset}/labels/train.h5",
        test="results/{dataset}/labels/test.h5",
        warnings="results/{dataset}/tables/category_warnings.csv",
    log:
        "results/{dataset}/logs/make_labels.log",
    benchmark:
        "results/{dataset}/benchmarks/make_labels.tsv"
    priority: 1  # before the extraction, see check_labels
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=by_shape(1000, memory.listed, "train_images"),
        runtime=by_shape(15, minutes.listed, "train_images"),
    params:
        options=plan(data.label_options),
    script:
        "../workflow_scripts/make_labels.py"


# Of the same form as the labels of the other parts, so that all that pairs rows with images reads it.
rule make_pool_labels:
    input:
        labels=paths.labels(part="train"),
        images=paths.images(part="pool"),
        code=code("make_pool_labels"),
    output:
        labels="results/{dataset}/labels/pool.h5",
    log:
        "results/{dataset}/logs/make_pool_labels.log",
    benchmark:
        "results/{dataset}/benchmarks/make_pool_labels.tsv"
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=by_shape(1000, memory.listed, "images"),
        runtime=by_shape(15, minutes.listed, "images"),
    script:
        "../workflow_scripts/make_pool_labels.py"


# Of the pictures (of the features, where there are none) and the split, so that nothing is trained or extracted again where a picture comes twice.
rule find_duplicates:
    input:
        train_images=paths.images(part="train"),
        test_images=paths.images(part="test"),
        train_features=plan(data.compared_features, part="train"),
        test_features=plan(data.compared_features, part="test"),
        labels=paths.labels(part="train"),
        tars=stored(data.compared_tars),
        code=code("find_duplicates"),
    output:
        table="results/{dataset}/tables/duplicates.csv",
    log:
        "results/{dataset}/logs/find_duplicates.log",
    benchmark:
        "results/{dataset}/benchmarks/find_duplicates.tsv"
    conda:
        "../envs/numpy.yaml"
    threads: 4
    resources:
        mem_mb=by_shape(2000, memory.listed, "train_images"),
        runtime=by_shape(30, minutes.shown, "train_images"),
    script:
        "../workflow_scripts/find_duplicates.py"
