# Teachers learn from the labels they are given: the observed ones, or the true ones (full supervision).


rule train_teacher:
    input:
        features=model_inputs("teachers", "teacher"),
        labels="results/{dataset}/labels/train.h5",
        observed=observed_labels(learns_from_observed),
        code=code("train_teacher"),
    output:
        checkpoint="results/{dataset}/teachers/{teacher}/seed_{seed}/checkpoint.safetensors",
        history="results/{dataset}/teachers/{teacher}/seed_{seed}/history.csv",
    log:
        "results/{dataset}/logs/train_teacher/{teacher}/seed_{seed}.log",
    benchmark:
        "results/{dataset}/benchmarks/train_teacher/{teacher}/seed_{seed}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(6000),
        runtime=per_attempt(240),
        gpu=MACHINE["gpus_per_job"],
        device=MACHINE["device"],
    params:
        options=training("teachers", "teacher"),
    script:
        "../workflow_scripts/train_teacher.py"
