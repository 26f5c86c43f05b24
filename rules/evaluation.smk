# Logits and metrics of every model, the comparison of all methods, and the quality of the pseudo-labels.


# What pseudo-labels are made from, on the training part (validation rows, too) or the pool: of the teachers alone, and only where
# somebody learns from them.
rule predict_logits:
    input:
        checkpoint=paths.checkpoint(),
        features=plan(evaluation.split_features),
        labels=paths.labels(part=paths.SPLIT),
        code=code("predict_logits"),
    output:
        logits="results/{dataset}/{model}/logits_{split}.h5",
    log:
        "results/{dataset}/logs/predict_logits/{model}/{split}.log",
    benchmark:
        "results/{dataset}/benchmarks/predict_logits/{model}/{split}.tsv"
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=by_shape(2000, memory.predicted, "labels", "features"),
        runtime=by_shape(15, minutes.rows, "labels"),
    script:
        "../workflow_scripts/predict_logits.py"


# Logits and metrics in one job: each takes less time than the start of a job.
rule evaluate:
    input:
        checkpoint=paths.checkpoint(),
        train_features=plan(evaluation.model_features, part="train"),
        test_features=plan(evaluation.model_features, part="test"),
        train_labels=paths.labels(part="train"),
        test_labels=paths.labels(part="test"),
        observed=plan(evaluation.model_observed),
        code=code("evaluate"),
    output:
        val="results/{dataset}/{model}/logits_val.h5",
        test="results/{dataset}/{model}/logits_test.h5",
        metrics="results/{dataset}/metrics/{model}.json",
    log:
        "results/{dataset}/logs/evaluate/{model}.log",
    benchmark:
        "results/{dataset}/benchmarks/evaluate/{model}.tsv"
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=by_shape(2000, memory.evaluated, "train_labels", "test_labels", "test_features"),
        runtime=by_shape(15, minutes.evaluated, "train_labels", "test_labels"),
    params:
        options=plan(evaluation.threshold_options),
    script:
        "../workflow_scripts/evaluate.py"


rule collect_metrics:
    input:
        metrics=plan(evaluation.all_metrics),
        code=code("collect_metrics"),
    output:
        table="<compared>/tables/map.csv",
        average_precision="<compared>/tables/average_precision.csv",
    log:
        "<compared>/logs/collect_metrics.log",
    benchmark:
        "<compared>/benchmarks/collect_metrics.tsv"
    localrule: True
    conda:
        "../envs/numpy.yaml"
    params:
        models=plan(rows.models),
    script:
        "../workflow_scripts/collect_metrics.py"


# Of the models alone that published numbers are of: others need not be trained for it.
rule compare_published:
    input:
        metrics=plan(published.metrics),
        code=code("compare_published"),
    output:
        table="<compared>/tables/published.csv",
    log:
        "<compared>/logs/compare_published.log",
    benchmark:
        "<compared>/benchmarks/compare_published.tsv"
    localrule: True
    conda:
        "../envs/numpy.yaml"
    params:
        models=plan(published.models),
        options=plan(published.options),
    script:
        "../workflow_scripts/compare_published.py"


rule compare_methods:
    input:
        logits=plan(evaluation.all_test_logits),
        labels=paths.labels(part="test"),
        table=paths.table("map"),
        code=code("compare_methods"),
    output:
        table="<compared>/tables/comparison.csv",
    log:
        "<compared>/logs/compare_methods.log",
    benchmark:
        "<compared>/benchmarks/compare_methods.tsv"
    conda:
        "../envs/numpy.yaml"
    threads: 8
    resources:
        mem_mb=by_shape(4000, memory.compared, "labels", methods=plan(rows.method_count)),
        runtime=by_shape(30, minutes.compared, "labels", methods=plan(rows.method_count)),
    params:
        models=plan(rows.models),
        options=plan(evaluation.comparison),
    script:
        "../workflow_scripts/compare_methods.py"


rule collect_label_counts:
    input:
        pseudo_labels=plan(evaluation.all_pseudo_labels),
        observed=plan(evaluation.all_observed),
        labels=paths.labels(part="train"),
        code=code("collect_label_counts"),
    output:
        table="<compared>/tables/label_counts.csv",
    log:
        "<compared>/logs/collect_label_counts.log",
    benchmark:
        "<compared>/benchmarks/collect_label_counts.tsv"
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=by_shape(2000, memory.rows, "labels"),
        runtime=by_shape(15, minutes.counted, "labels", files=plan(evaluation.label_files)),
    params:
        variants=plan(rows.variants),
    script:
        "../workflow_scripts/collect_label_counts.py"


rule measure_label_quality:
    input:
        pseudo_labels=plan(evaluation.all_pseudo_labels),
        observed=plan(evaluation.all_observed),
        labels=paths.labels(part="train"),
        code=code("measure_label_quality"),
    output:
        label_quality="<compared>/tables/label_quality.csv",
        confusions="<compared>/tables/confusions.csv",
    log:
        "<compared>/logs/measure_label_quality.log",
    benchmark:
        "<compared>/benchmarks/measure_label_quality.tsv"
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=by_shape(2000, memory.pairs, "labels"),
        runtime=by_shape(15, minutes.counted, "labels", files=plan(evaluation.label_files)),
    params:
        variants=plan(rows.variants),
    script:
        "../workflow_scripts/measure_label_quality.py"
