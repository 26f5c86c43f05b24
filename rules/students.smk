# Students learn from pseudo-labels, one student a τ.


rule train_student:
    input:
        features=model_inputs("students", "student"),
        labels="results/{dataset}/labels/train.h5",
        pseudo_labels=student_pseudo_labels,
        observed=observed_labels(chosen_on_observed),
        code=code("train_student"),
    output:
        checkpoint="results/{dataset}/students/{student}/seed_{seed}/{variant}/checkpoint.safetensors",
        history="results/{dataset}/students/{student}/seed_{seed}/{variant}/history.csv",
    log:
        "results/{dataset}/logs/train_student/{student}/seed_{seed}/{variant}.log",
    benchmark:
        "results/{dataset}/benchmarks/train_student/{student}/seed_{seed}/{variant}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(6000),
        runtime=per_attempt(240),
        gpu=MACHINE["gpus_per_job"],
        device=MACHINE["device"],
    params:
        options=training("students", "student"),
    script:
        "../workflow_scripts/train_student.py"
