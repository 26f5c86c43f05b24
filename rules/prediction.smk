# Use a model: the one that validation chose labels new images, is exported with its backbone, and has a card.


rule choose_model:
    input:
        table=map_of_candidates,
        checkpoints=candidate_files("checkpoint.safetensors"),
        logits=candidate_files("logits_val.h5"),
        labels="results/{dataset}/labels/train.h5",
        observed=observed_of_predicting,
        code=code("choose_model"),
    output:
        checkpoint="results/{dataset}/model/checkpoint.safetensors",
        choice="results/{dataset}/model/model.json",
    log:
        "results/{dataset}/logs/choose_model.log",
    benchmark:
        "results/{dataset}/benchmarks/choose_model.tsv"
    localrule: True
    conda:
        "../envs/numpy.yaml"
    params:
        options=candidates,
    script:
        "../workflow_scripts/choose_model.py"


rule export_model:
    input:
        weights=predicting_weights,
        checkpoint="results/{dataset}/model/checkpoint.safetensors",
        choice="results/{dataset}/model/model.json",
        code=code("export_model"),
    output:
        program="results/{dataset}/model/model.pt2",
        onnx="results/{dataset}/model/model.onnx",
    log:
        "results/{dataset}/logs/export_model.log",
    benchmark:
        "results/{dataset}/benchmarks/export_model.tsv"
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=per_attempt(6000),
        runtime=per_attempt(60),
    script:
        "../workflow_scripts/export_model.py"


rule write_model_card:
    input:
        choice="results/{dataset}/model/model.json",
        checkpoint="results/{dataset}/model/checkpoint.safetensors",
        program="results/{dataset}/model/model.pt2",
        onnx="results/{dataset}/model/model.onnx",
        logits=candidate_files("logits_test.h5"),
        train="results/{dataset}/labels/train.h5",
        test="results/{dataset}/labels/test.h5",
        code=code("write_model_card"),
    output:
        card="results/{dataset}/model/README.md",
    log:
        "results/{dataset}/logs/write_model_card.log",
    benchmark:
        "results/{dataset}/benchmarks/write_model_card.tsv"
    localrule: True
    conda:
        "../envs/torch.yaml"
    params:
        options=model_card,
    script:
        "../workflow_scripts/write_model_card.py"


rule list_new_images:
    input:
        listed=listed_new_images,
        code=code("list_new_images"),
    output:
        images="results/{dataset}/predictions/images.csv",
    log:
        "results/{dataset}/logs/list_new_images.log",
    benchmark:
        "results/{dataset}/benchmarks/list_new_images.tsv"
    localrule: True
    conda:
        "../envs/numpy.yaml"
    params:
        images=new_images,
        state=state_of_new_images,
    script:
        "../workflow_scripts/list_new_images.py"


rule predict_images:
    input:
        images="results/{dataset}/predictions/images.csv",
        weights=predicting_weights,
        checkpoint="results/{dataset}/model/checkpoint.safetensors",
        choice="results/{dataset}/model/model.json",
        code=code("predict_images"),
    output:
        table="results/{dataset}/predictions/predictions.csv",
    log:
        "results/{dataset}/logs/predict_images.log",
    benchmark:
        "results/{dataset}/benchmarks/predict_images.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 8
    resources:
        mem_mb=per_attempt(8000),
        runtime=per_attempt(480),
        gpu=MACHINE["gpus_per_job"],
        device=MACHINE["device"],
        batch_size=MACHINE["batch_size"],
    params:
        state=state_of_new_images,
    script:
        "../workflow_scripts/predict_images.py"
