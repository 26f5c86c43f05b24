# Which images count, and what is true of them.


# A checkpoint: where edited annotations leave the list of images as it was, a run sees so and does not extract again.
checkpoint list_images:
    input:
        annotations=plan(acquire.annotations),
        pictures=plan(acquire.pictures),
        code=code("list_images"),
    output:
        images="results/{dataset}/images/{part}.csv",
        shards=directory("results/{dataset}/images/{part}"),
    log:
        "results/{dataset}/logs/list_images/{part}.log",
    benchmark:
        "results/{dataset}/benchmarks/list_images/{part}.tsv"
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=per_attempt(6000),
        runtime=per_attempt(30),
    params:
        options=plan(acquire.listing_options),
    script:
        "../workflow_scripts/list_images.py"


rule make_labels:
    input:
        train=plan(acquire.annotations, part="train"),
        test=plan(acquire.annotations, part="test"),
        train_images=paths.images(part="train"),
        test_images=paths.images(part="test"),
        categories=plan(acquire.categories),
        code=code("make_labels"),
    output:
        train="results/{dataset}/labels/train.h5",
        test="results/{dataset}/labels/test.h5",
    log:
        "results/{dataset}/logs/make_labels.log",
    benchmark:
        "results/{dataset}/benchmarks/make_labels.tsv"
    priority: 1  # before the extraction, see check_labels
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=per_attempt(8000),
        runtime=per_attempt(30),
    params:
        options=plan(acquire.label_options),
    script:
        "../workflow_scripts/make_labels.py"
