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
        mem_mb=per_attempt(3000),
        runtime=per_attempt(30),
    script:
        "../workflow_scripts/read_annotations.py"


# A checkpoint, so that a run does not extract again where edited annotations leave the list of images as it was.
checkpoint list_images:
    input:
        annotations=plan(data.annotations),
        left_out=plan(data.converted_left_out),
        pictures=plan(data.pictures),
        pool=plan(data.pool_list),
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
        mem_mb=per_attempt(2000),
        runtime=per_attempt(30),
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
        mem_mb=per_attempt(3000),
        runtime=per_attempt(30),
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
        mem_mb=per_attempt(2000),
        runtime=per_attempt(30),
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
        mem_mb=per_attempt(2000),
        runtime=per_attempt(120),
    script:
        "../workflow_scripts/find_duplicates.py"
