# Models whose backbone is trained, too: pictures decoded once, a job for each candidate, and the choice among them.


rule decode_pictures:
    input:
        images=shard_images,
        tars=shard_tars,
        weights=plan(features.backbone_weights),
        code=plan(features.backbone_code, rule="decode_pictures"),
    output:
        pictures="results/{dataset}/pictures/{backbone}/{part}/{shard}.h5",
    log:
        "results/{dataset}/logs/decode_pictures/{backbone}/{part}/{shard}.log",
    benchmark:
        "results/{dataset}/benchmarks/decode_pictures/{backbone}/{part}/{shard}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 8
    resources:
        mem_mb=per_attempt(4000),
        runtime=by_shape(30, minutes.shown, "images"),
    params:
        options=plan(finetuning.picture_options),
    script:
        "../workflow_scripts/decode_pictures.py"


# The head of mode linear_init, which is trained as a model with frozen features is.
use rule train_teacher as initialize_teacher with:
    input:
        features=plan(finetuning.first_teacher_features),
        labels=paths.labels(part="train"),
        observed=plan(training.teacher_observed),
        decomposition=[],
        landmarks=[],
        priors=plan(training.teacher_priors),
        code=code("train_teacher"),
    output:
        checkpoint="results/{dataset}/teachers/{teacher}/seed_{seed}/linear_init/checkpoint.safetensors",
        history="results/{dataset}/teachers/{teacher}/seed_{seed}/linear_init/history.csv",
    log:
        "results/{dataset}/logs/initialize_teacher/{teacher}/seed_{seed}.log",
    benchmark:
        "results/{dataset}/benchmarks/initialize_teacher/{teacher}/seed_{seed}.tsv"
    wildcard_constraints:
        dataset=WITH_TRAINED,
    params:
        options=plan(finetuning.first_teacher_options),


use rule train_student as initialize_student with:
    input:
        features=plan(finetuning.first_student_features),
        labels=paths.labels(part="train"),
        pseudo_labels=plan(training.student_labels),
        observed=plan(training.student_observed),
        decomposition=[],
        landmarks=[],
        pool_features=[],
        pool_labels=[],
        priors=plan(training.student_priors),
        code=code("train_student"),
    output:
        checkpoint="results/{dataset}/students/{student}/seed_{seed}/{variant}/linear_init/checkpoint.safetensors",
        history="results/{dataset}/students/{student}/seed_{seed}/{variant}/linear_init/history.csv",
    log:
        "results/{dataset}/logs/initialize_student/{student}/seed_{seed}/{variant}.log",
    benchmark:
        "results/{dataset}/benchmarks/initialize_student/{student}/seed_{seed}/{variant}.tsv"
    wildcard_constraints:
        dataset=WITH_TRAINED,
    params:
        options=plan(finetuning.first_student_options),


rule train_candidate:
    input:
        pictures=train_pictures,
        labels=paths.labels(part="train"),
        observed=plan(finetuning.observed),
        pseudo_labels=plan(finetuning.pseudo_labels),
        priors=plan(finetuning.priors),
        weights=plan(finetuning.weights),
        trained=plan(finetuning.trained_start),
        first_head=plan(finetuning.first_head),
        code=plan(finetuning.candidate_code, rule="train_candidate"),
    output:
        checkpoint="results/{dataset}/{model}/candidates/{candidate}/checkpoint.safetensors",
        history="results/{dataset}/{model}/candidates/{candidate}/history.csv",
    log:
        "results/{dataset}/logs/train_candidate/{model}/{candidate}.log",
    benchmark:
        "results/{dataset}/benchmarks/train_candidate/{model}/{candidate}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1 + MACHINE.workers
    resources:
        mem_mb=by_shape(16000, memory.extracted, "weights"),
        runtime=by_shape(60, minutes.tuned, "labels", "weights", network=plan(finetuning.network_size)),
        gpu=MACHINE.gpus_per_job,
        device=MACHINE.device,
        workers=MACHINE.workers,
        compile=int(MACHINE.compile),
    params:
        options=plan(finetuning.candidate_options),
    script:
        "../workflow_scripts/train_candidate.py"


rule choose_candidate:
    input:
        checkpoints=plan(finetuning.candidate_checkpoints),
        histories=plan(finetuning.candidate_histories),
        code=code("choose_candidate"),
    output:
        checkpoint="results/{dataset}/{model}/checkpoint.safetensors",
        history="results/{dataset}/{model}/history.csv",
    log:
        "results/{dataset}/logs/choose_candidate/{model}.log",
    benchmark:
        "results/{dataset}/benchmarks/choose_candidate/{model}.tsv"
    wildcard_constraints:
        dataset=WITH_TRAINED,
    localrule: True
    conda:
        "../envs/numpy.yaml"
    script:
        "../workflow_scripts/choose_candidate.py"
