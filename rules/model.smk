# The model that validation chose: exported with its backbone, described by a card, used on new images.


rule choose_model:
    input:
        table=plan(model.candidate_map),
        checkpoints=plan(model.candidate_checkpoints),
        metrics=plan(model.candidate_metrics),
        features=plan(model.candidate_features),
        trained=plan(model.candidate_trained),
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
        options=plan(model.candidate_options),
    script:
        "../workflow_scripts/choose_model.py"


rule export_model:
    input:
        weights=plan(model.candidate_weights),
        checkpoint=paths.chosen("checkpoint.safetensors"),
        choice=paths.chosen("model.json"),
        code=plan(model.candidate_code, rule="export_model"),
    output:
        program="results/{dataset}/model/model.pt2",
        onnx="results/{dataset}/model/model.onnx",
        script="results/{dataset}/model/predict.py",
    log:
        "results/{dataset}/logs/export_model.log",
    benchmark:
        "results/{dataset}/benchmarks/export_model.tsv"
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=by_shape(6000, memory.extracted, "weights"),
        runtime=per_attempt(60),
    script:
        "../workflow_scripts/export_model.py"


rule write_model_card:
    input:
        choice=paths.chosen("model.json"),
        checkpoint=paths.chosen("checkpoint.safetensors"),
        program=paths.chosen("model.pt2"),
        onnx=paths.chosen("model.onnx"),
        script=paths.chosen("predict.py"),
        logits=plan(model.candidate_test_logits),
        train=paths.labels(part="train"),
        test=paths.labels(part="test"),
        templates=templates("model_card.md"),
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
        options=plan(model.card),
    script:
        "../workflow_scripts/write_model_card.py"


rule list_new_images:
    input:
        listed=plan(model.new_images_list),
        indexes=plan(tars.indexes, part=tars.NEW),
        code=code("list_new_images"),
    output:
        images="results/{dataset}/predictions/images.csv",
        left_out="results/{dataset}/predictions/left_out.csv",
    log:
        "results/{dataset}/logs/list_new_images.log",
    benchmark:
        "results/{dataset}/benchmarks/list_new_images.tsv"
    localrule: True
    conda:
        "../envs/numpy.yaml"
    params:
        images=plan(model.new_images),
        fingerprint=plan(model.fingerprint_new_images),
    script:
        "../workflow_scripts/list_new_images.py"


rule predict_images:
    input:
        images=paths.predictions("images.csv"),
        tars=stored(tars.of_part, part=tars.NEW),
        weights=plan(model.candidate_weights),
        checkpoint=paths.chosen("checkpoint.safetensors"),
        choice=paths.chosen("model.json"),
        code=plan(model.candidate_code, rule="predict_images"),
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
        mem_mb=by_shape(8000, memory.extracted, "weights"),
        runtime=by_shape(30, minutes.extracted, "images", "weights", network=plan(model.network_size)),
        gpu=MACHINE.gpus_per_job,
        device=MACHINE.device,
        batch_size=MACHINE.batch_size,
    params:
        fingerprint=plan(model.fingerprint_new_images),
    script:
        "../workflow_scripts/predict_images.py"


rule make_predictions_page:
    input:
        table=paths.predictions("predictions.csv"),
        images=paths.predictions("images.csv"),
        tars=stored(tars.of_part, part=tars.NEW),
        left_out=paths.predictions("left_out.csv"),
        choice=paths.chosen("model.json"),
        templates=templates("base.html", "gallery.html", "predictions.html", "gallery.css", "gallery.js", "style.css"),
        code=code("make_predictions_page"),
    output:
        page="results/{dataset}/predictions/predictions.html",
        thumbnails=directory("results/{dataset}/predictions/thumbnails"),
        details=directory("results/{dataset}/predictions/details"),
    log:
        "results/{dataset}/logs/make_predictions_page.log",
    benchmark:
        "results/{dataset}/benchmarks/make_predictions_page.tsv"
    conda:
        "../envs/numpy.yaml"
    threads: 8
    resources:
        mem_mb=by_shape(2000, memory.listed, "images"),
        runtime=by_shape(15, minutes.shown, "images"),
    params:
        fingerprint=plan(model.fingerprint_new_images),
        labels=plan(model.display_names),
    script:
        "../workflow_scripts/make_predictions_page.py"
