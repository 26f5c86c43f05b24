# Algorithm 1: a teacher's probabilities on the training rows above τ become labels; other rules beside it.


rule make_pseudo_labels:
    input:
        logits=teacher_logits,
        labels="results/{dataset}/labels/train.h5",
        observed="results/{dataset}/observed/seed_{seed}.h5",
        images="results/{dataset}/images/train.csv",
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
        mem_mb=per_attempt(2000),
        runtime=per_attempt(30),
    params:
        options=rule_of_labels,
    script:
        "../workflow_scripts/make_pseudo_labels.py"
