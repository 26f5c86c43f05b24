# Observed labels, and pseudo-labels from a teacher's logits: by algorithm 1 (probability above τ) or another rule.


rule make_observation_weights:
    input:
        annotations=plan(acquire.annotations, part="train"),
        labels=paths.labels(part="train"),
        code=code("make_observation_weights"),
    output:
        weights="results/{dataset}/observed/weights_{sampling}.h5",
    log:
        "results/{dataset}/logs/make_observation_weights/{sampling}.log",
    benchmark:
        "results/{dataset}/benchmarks/make_observation_weights/{sampling}.tsv"
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=by_shape(8000, memory.held, "labels"),
        runtime=by_shape(15, minutes.rows, "labels"),
    script:
        "../workflow_scripts/make_observation_weights.py"


rule make_observed_labels:
    input:
        labels=paths.labels(part="train"),
        weights=plan(labels.sampling_weights),
        table=plan(labels.image_table),
        file=plan(labels.observed_file),
        images=plan(labels.observed_file_images),
        answers=plan(labels.answers, part="train"),
        code=code("make_observed_labels"),
    output:
        observed="results/{dataset}/observed/seed_{seed}.h5",
    log:
        "results/{dataset}/logs/make_observed_labels/seed_{seed}.log",
    benchmark:
        "results/{dataset}/benchmarks/make_observed_labels/seed_{seed}.tsv"
    priority: 1
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=by_shape(2000, memory.labelled, "labels", whole=plan(labels.reads_whole)),
        runtime=by_shape(15, minutes.rows, "labels"),
    params:
        options=plan(labels.observation),
    script:
        "../workflow_scripts/make_observed_labels.py"


# Of the pool only what people answered is observed.
rule make_pool_observed_labels:
    input:
        labels=paths.labels(part="pool"),
        answers=plan(labels.answers, part="pool"),
        code=code("make_pool_observed_labels"),
    output:
        observed="results/{dataset}/observed/pool.h5",
    log:
        "results/{dataset}/logs/make_pool_observed_labels.log",
    benchmark:
        "results/{dataset}/benchmarks/make_pool_observed_labels.tsv"
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=by_shape(2000, memory.rows, "labels"),
        runtime=by_shape(15, minutes.rows, "labels"),
    script:
        "../workflow_scripts/make_pool_observed_labels.py"


# An order without a link: labels that nothing can be learnt from end the run before hours of extraction. An input of
# extract_features would extract again once labels are checked again; with ancient(), Snakemake 9.27 loses jobs after it.
rule check_labels:
    input:
        labels=paths.labels(part="train"),
        observed=plan(evaluation.all_observed),
        table=plan(labels.image_table),
        code=code("check_labels"),
    output:
        checked="results/{dataset}/checks/labels.txt",
    log:
        "results/{dataset}/logs/check_labels.log",
    benchmark:
        "results/{dataset}/benchmarks/check_labels.tsv"
    priority: 1
    localrule: True
    conda:
        "../envs/numpy.yaml"
    params:
        options=plan(labels.check_options),
    script:
        "../workflow_scripts/check_labels.py"


rule estimate_priors:
    input:
        labels=paths.labels(part="train"),
        observed=paths.observed(),
        logits=plan(labels.prior_logits),
        code=code("estimate_priors"),
    output:
        priors="results/{dataset}/priors/seed_{seed}.csv",
    log:
        "results/{dataset}/logs/estimate_priors/seed_{seed}.log",
    benchmark:
        "results/{dataset}/benchmarks/estimate_priors/seed_{seed}.tsv"
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=by_shape(2000, memory.held, "labels"),
        runtime=by_shape(15, minutes.rows, "labels"),
    params:
        options=plan(labels.prior_options),
    script:
        "../workflow_scripts/estimate_priors.py"


rule make_pseudo_labels:
    input:
        logits=plan(labels.teacher_logits),
        priors=plan(labels.rule_priors),
        labels=plan(labels.labelled),
        observed=plan(labels.labelled_observed),
        images=plan(labels.labelled_images),
        code=code("make_pseudo_labels"),
    output:
        labels="results/{dataset}/pseudo_labels/{pseudo_labels}/seed_{seed}/{variant}.h5",
        table="results/{dataset}/pseudo_labels/{pseudo_labels}/seed_{seed}/{variant}.csv",
    log:
        "results/{dataset}/logs/make_pseudo_labels/{pseudo_labels}/seed_{seed}/{variant}.log",
    benchmark:
        "results/{dataset}/benchmarks/make_pseudo_labels/{pseudo_labels}/seed_{seed}/{variant}.tsv"
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=by_shape(2000, memory.labelled, "labels", whole=plan(labels.labels_whole)),
        runtime=by_shape(15, minutes.rows, "labels"),
    params:
        options=plan(labels.rule_options),
    script:
        "../workflow_scripts/make_pseudo_labels.py"
