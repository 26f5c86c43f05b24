# Teachers learn from observed or true labels; students learn from pseudo-labels, one student per τ.


rule train_teacher:
    input:
        features=plan(training.teacher_features),
        labels=paths.labels(part="train"),
        observed=plan(training.teacher_observed),
        decomposition=plan(training.teacher_decomposition),
        landmarks=plan(training.teacher_landmarks),
        priors=plan(training.teacher_priors),
        code=code("train_teacher"),
    output:
        checkpoint="results/{dataset}/teachers/{teacher}/seed_{seed}/checkpoint.safetensors",
        history="results/{dataset}/teachers/{teacher}/seed_{seed}/history.csv",
    log:
        "results/{dataset}/logs/train_teacher/{teacher}/seed_{seed}.log",
    benchmark:
        "results/{dataset}/benchmarks/train_teacher/{teacher}/seed_{seed}.tsv"
    wildcard_constraints:
        dataset=WITH_FROZEN,
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=by_shape(
            *(6000, memory.regressed, "labels", "features"),
            memory_mb=MACHINE.memory_mb or 0,
            searches=plan(training.teacher_searches),
        ),
        runtime=by_shape(30, minutes.trained, "labels", "features", searches=plan(training.teacher_searches)),
        gpu=MACHINE.gpus_per_job,
        device=MACHINE.device,
        memory_mb=MACHINE.memory_mb or 0,
    params:
        options=plan(training.teacher_options),
    script:
        "../workflow_scripts/train_teacher.py"


# What an image-text model makes of prompts that name the categories: in place of training, for all replicates.
rule embed_prompts:
    input:
        weights=plan(training.text_weights),
        names=plan(training.prompt_names),
        labels=paths.labels(part="train"),
        code=code("embed_prompts"),
    output:
        features="results/{dataset}/text/{teacher}.h5",
    log:
        "results/{dataset}/logs/embed_prompts/{teacher}.log",
    benchmark:
        "results/{dataset}/benchmarks/embed_prompts/{teacher}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=by_shape(6000, memory.extracted, "weights"),
        runtime=per_attempt(60),
    params:
        options=plan(training.prompt_options),
    script:
        "../workflow_scripts/embed_prompts.py"


rule make_text_teacher:
    input:
        text=paths.text_features(),
        features=plan(training.text_pictures),
        labels=paths.labels(part="train"),
        observed=plan(training.text_observed),
        code=code("make_text_teacher"),
    output:
        checkpoint="results/{dataset}/teachers/{teacher}/all_seeds/checkpoint.safetensors",
    log:
        "results/{dataset}/logs/make_text_teacher/{teacher}.log",
    benchmark:
        "results/{dataset}/benchmarks/make_text_teacher/{teacher}.tsv"
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=by_shape(2000, memory.predicted, "labels", "features"),
        runtime=by_shape(15, minutes.rows, "labels"),
    params:
        options=plan(training.text_options),
    script:
        "../workflow_scripts/make_text_teacher.py"


rule train_student:
    input:
        features=plan(training.student_features),
        labels=paths.labels(part="train"),
        pseudo_labels=plan(training.student_labels),
        observed=plan(training.student_observed),
        decomposition=plan(training.student_decomposition),
        landmarks=plan(training.student_landmarks),
        pool_features=plan(training.student_pool_features),
        pool_labels=plan(training.student_pool_labels),
        priors=plan(training.student_priors),
        code=code("train_student"),
    output:
        checkpoint="results/{dataset}/students/{student}/seed_{seed}/{variant}/checkpoint.safetensors",
        history="results/{dataset}/students/{student}/seed_{seed}/{variant}/history.csv",
    log:
        "results/{dataset}/logs/train_student/{student}/seed_{seed}/{variant}.log",
    benchmark:
        "results/{dataset}/benchmarks/train_student/{student}/seed_{seed}/{variant}.tsv"
    wildcard_constraints:
        dataset=WITH_FROZEN,
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=by_shape(
            *(6000, memory.staged, "labels", "features", "pool_labels", "pool_features"),
            memory_mb=MACHINE.memory_mb or 0,
            searches=plan(training.student_searches),
        ),
        runtime=by_shape(
            *(30, minutes.staged, "labels", "features", "pool_labels", "pool_features"),
            searches=plan(training.student_searches),
        ),
        gpu=MACHINE.gpus_per_job,
        device=MACHINE.device,
        memory_mb=MACHINE.memory_mb or 0,
    params:
        options=plan(training.student_options),
    script:
        "../workflow_scripts/train_student.py"
