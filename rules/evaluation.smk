# Every model, teacher or student: its logits on a split, and its metrics on validation and test.


rule predict_logits:
    input:
        checkpoint="results/{dataset}/{model}/checkpoint.safetensors",
        features=split_features,
        labels=split_labels,
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
        mem_mb=per_attempt(2000),
        runtime=per_attempt(30),
    script:
        "../workflow_scripts/predict_logits.py"


rule evaluate:
    input:
        val="results/{dataset}/{model}/logits_val.h5",
        test="results/{dataset}/{model}/logits_test.h5",
        train_labels="results/{dataset}/labels/train.h5",
        test_labels="results/{dataset}/labels/test.h5",
        observed=observed_of_model,
        code=code("evaluate"),
    output:
        metrics="results/{dataset}/metrics/{model}.json",
    log:
        "results/{dataset}/logs/evaluate/{model}.log",
    benchmark:
        "results/{dataset}/benchmarks/evaluate/{model}.tsv"
    localrule: True
    conda:
        "../envs/numpy.yaml"
    script:
        "../workflow_scripts/evaluate.py"
