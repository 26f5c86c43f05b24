# Where pictures and annotations come from, in which layout; which images count; true and observed labels.


rule draw_demo:
    input:
        code=code("draw_demo"),
    output:
        annotations="resources/{dataset}/{part}.json",
    log:
        "resources/{dataset}/logs/draw_demo/{part}.log",
    benchmark:
        "resources/{dataset}/benchmarks/draw_demo/{part}.tsv"
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=per_attempt(1000),
        runtime=per_attempt(30),
    params:
        options=lambda wildcards: plain({key: DEMO[key] for key in ("seed", wildcards.part)}),
    script:
        "../workflow_scripts/draw_demo.py"


rule fetch_coco_annotations:
    input:
        code=code("fetch_coco_annotations"),
    output:
        train="resources/{dataset}/annotations/instances_train2014.json",
        test="resources/{dataset}/annotations/instances_val2014.json",
    log:
        "resources/{dataset}/logs/fetch_coco_annotations.log",
    benchmark:
        "resources/{dataset}/benchmarks/fetch_coco_annotations.tsv"
    localrule: True
    conda:
        "../envs/numpy.yaml"
    params:
        download=download("annotations"),
    script:
        "../workflow_scripts/fetch_coco_annotations.py"


rule fetch_coco_pictures:
    input:
        code=code("fetch_coco_pictures"),
    output:
        pictures="resources/{dataset}/pictures_{part}.csv",
    log:
        "resources/{dataset}/logs/fetch_coco_pictures/{part}.log",
    benchmark:
        "resources/{dataset}/benchmarks/fetch_coco_pictures/{part}.tsv"
    localrule: True
    conda:
        "../envs/numpy.yaml"
    params:
        download=download(),
        folder=picture_folder,
    script:
        "../workflow_scripts/fetch_coco_pictures.py"


rule fetch_archive:
    input:
        code=code("fetch_archive"),
    output:
        files="resources/{dataset}/archive.csv",
    log:
        "resources/{dataset}/logs/fetch_archive.log",
    benchmark:
        "resources/{dataset}/benchmarks/fetch_archive.tsv"
    localrule: True
    conda:
        "../envs/numpy.yaml"
    params:
        download=download("archive"),
        members=archive_members,
    script:
        "../workflow_scripts/fetch_archive.py"


rule convert_voc:
    input:
        lists=listed_by,
        code=code("convert_voc"),
    output:
        annotations="resources/{dataset}/voc/{part}.json",
    log:
        "resources/{dataset}/logs/convert_voc/{part}.log",
    benchmark:
        "resources/{dataset}/benchmarks/convert_voc/{part}.tsv"
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
    params:
        listing=listing(),
        training=listing("train"),
        state=state_of_layout,
    script:
        "../workflow_scripts/convert_voc.py"


rule convert_nuswide:
    input:
        lists=listed_by,
        code=code("convert_nuswide"),
    output:
        annotations="resources/{dataset}/nuswide/{part}.json",
    log:
        "resources/{dataset}/logs/convert_nuswide/{part}.log",
    benchmark:
        "resources/{dataset}/benchmarks/convert_nuswide/{part}.tsv"
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
    params:
        listing=listing(),
        state=state_of_layout,
    script:
        "../workflow_scripts/convert_nuswide.py"


rule convert_cub:
    input:
        lists=listed_by,
        code=code("convert_cub"),
    output:
        annotations="resources/{dataset}/cub/{part}.json",
    log:
        "resources/{dataset}/logs/convert_cub/{part}.log",
    benchmark:
        "resources/{dataset}/benchmarks/convert_cub/{part}.tsv"
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
    params:
        listing=listing(),
        state=state_of_layout,
    script:
        "../workflow_scripts/convert_cub.py"


rule convert_image_folder:
    input:
        code=code("convert_image_folder"),
    output:
        annotations="resources/{dataset}/image_folder/{part}.csv",
    log:
        "resources/{dataset}/logs/convert_image_folder/{part}.log",
    benchmark:
        "resources/{dataset}/benchmarks/convert_image_folder/{part}.tsv"
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=per_attempt(2000),
        runtime=per_attempt(60),
    params:
        folder=picture_folder,
        names=names_in_folder,
    script:
        "../workflow_scripts/convert_image_folder.py"


# A checkpoint: where edited annotations leave the list of images as it was, a run sees so and does not extract again.
checkpoint list_images:
    input:
        annotations=annotations(),
        pictures=pictures,
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
        every=every_image,
        images=picture_folder,
        images_per_shard=MACHINE["images_per_shard"],
        missing=missing_pictures,
    script:
        "../workflow_scripts/list_images.py"


rule make_labels:
    input:
        train=annotations("train"),
        test=annotations("test"),
        train_images="results/{dataset}/images/train.csv",
        test_images="results/{dataset}/images/test.csv",
        categories=categories,
        code=code("make_labels"),
    output:
        train="results/{dataset}/labels/train.h5",
        test="results/{dataset}/labels/test.h5",
    log:
        "results/{dataset}/logs/make_labels.log",
    benchmark:
        "results/{dataset}/benchmarks/make_labels.tsv"
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=per_attempt(8000),
        runtime=per_attempt(30),
    params:
        every=every_image,
        options=section("validation", "share", "seed"),
    script:
        "../workflow_scripts/make_labels.py"


rule make_observation_weights:
    input:
        annotations=annotations("train"),
        labels="results/{dataset}/labels/train.h5",
        code=code("make_observation_weights"),
    output:
        weights="results/{dataset}/observed/weights_{process}.h5",
    log:
        "results/{dataset}/logs/make_observation_weights/{process}.log",
    benchmark:
        "results/{dataset}/benchmarks/make_observation_weights/{process}.tsv"
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=per_attempt(8000),
        runtime=per_attempt(30),
    script:
        "../workflow_scripts/make_observation_weights.py"


rule make_observed_labels:
    input:
        labels="results/{dataset}/labels/train.h5",
        weights=observation_weights,
        table=image_table,
        given=given_labels,
        images=given_images,
        code=code("make_observed_labels"),
    output:
        observed="results/{dataset}/observed/seed_{seed}.h5",
    log:
        "results/{dataset}/logs/make_observed_labels/seed_{seed}.log",
    benchmark:
        "results/{dataset}/benchmarks/make_observed_labels/seed_{seed}.tsv"
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=per_attempt(2000),
        runtime=per_attempt(15),
    params:
        options=observation,
    script:
        "../workflow_scripts/make_observed_labels.py"
