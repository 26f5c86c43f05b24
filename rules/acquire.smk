# Annotations and pictures of a data set: drawn, fetched, or converted from another layout.


rule draw_demo:
    input:
        code=code("draw_demo"),
    output:
        annotations="resources/{dataset}/{part}.json",
    log:
        "resources/{dataset}/logs/draw_demo/{part}.log",
    benchmark:
        "resources/{dataset}/benchmarks/draw_demo/{part}.tsv"
    wildcard_constraints:
        dataset="|".join(DRAWN) or "(?!)",  # a file of the user's at such a path stays
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=per_attempt(1000),
        runtime=per_attempt(30),
    params:
        options=plan(acquire.demo_options),
    script:
        "../workflow_scripts/draw_demo.py"


# No code among its inputs: the files depend on address and checksum alone, and an edit must not fetch 20 GB again.
rule fetch_archive:
    output:
        files="resources/{dataset}/fetched/{archive}.csv",
    log:
        "resources/{dataset}/logs/fetch_archive/{archive}.log",
    benchmark:
        "resources/{dataset}/benchmarks/fetch_archive/{archive}.tsv"
    localrule: True
    conda:
        "../envs/numpy.yaml"
    params:
        download=plan(acquire.download),
        members=plan(acquire.members),
    script:
        "../workflow_scripts/fetch_archive.py"


rule convert_annotations:
    input:
        lists=plan(acquire.conversion_inputs),
        indexes=plan(acquire.conversion_indexes),
        code=plan(acquire.conversion_code),
    output:
        annotations="resources/{dataset}/{reader}/{part}.{ending}",
        left_out="resources/{dataset}/{reader}/left_out/{part}.{ending}.csv",
    log:
        "resources/{dataset}/logs/convert_annotations/{reader}/{part}.{ending}.log",
    benchmark:
        "resources/{dataset}/benchmarks/convert_annotations/{reader}/{part}.{ending}.tsv"
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=by_shape(4000, memory.parsed, "lists"),
        runtime=by_shape(60, minutes.parsed, "lists"),
    params:
        options=plan(acquire.conversion),
        fingerprint=plan(acquire.fingerprint_beside),
    script:
        "../workflow_scripts/convert_annotations.py"


# The second demo: real features and labels, which a package has, so that nothing is fetched.
rule unpack_yeast:
    input:
        code=code("unpack_yeast"),
    output:
        train="resources/packages/yeast/train.csv",
        test="resources/packages/yeast/test.csv",
        train_features="resources/packages/yeast/train.npy",
        test_features="resources/packages/yeast/test.npy",
        categories="resources/packages/yeast/categories.txt",
    log:
        "resources/logs/unpack_yeast/yeast.log",
    benchmark:
        "resources/benchmarks/unpack_yeast/yeast.tsv"
    localrule: True
    conda:
        "../envs/river.yaml"
    script:
        "../workflow_scripts/unpack_yeast.py"
