# The gallery of pictures with their labels, exports to other tools, and the review by people.


rule make_thumbnails:
    input:
        images=paths.images(),
        labels=paths.labels(),
        tars=stored(tars.of_part),
        code=code("make_thumbnails"),
    output:
        thumbnails=directory("results/{dataset}/gallery/thumbnails/{part}"),
    log:
        "results/{dataset}/logs/make_thumbnails/{part}.log",
    benchmark:
        "results/{dataset}/benchmarks/make_thumbnails/{part}.tsv"
    conda:
        "../envs/numpy.yaml"
    threads: 8
    resources:
        mem_mb=by_shape(2000, memory.listed, "images"),
        runtime=by_shape(15, minutes.shown, "images"),
    script:
        "../workflow_scripts/make_thumbnails.py"


rule make_gallery:
    input:
        pseudo_labels=plan(labels.variant_files),
        logits=plan(labels.teacher_logits),
        labels=plan(labels.labelled),
        observed=plan(labels.labelled_observed),
        images=plan(labels.labelled_images),
        thumbnails=plan(review.gallery_thumbnails),
        map=plan(review.gallery_map),
        templates=templates("base.html", "gallery.html", "gallery.css", "gallery.js", "style.css"),
        code=code("make_gallery"),
    output:
        page="results/{dataset}/gallery/{pseudo_labels}_seed_{seed}.html",
        details=directory("results/{dataset}/gallery/{pseudo_labels}_seed_{seed}"),
    log:
        "results/{dataset}/logs/make_gallery/{pseudo_labels}/seed_{seed}.log",
    benchmark:
        "results/{dataset}/benchmarks/make_gallery/{pseudo_labels}/seed_{seed}.tsv"
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=by_shape(8000, memory.rows, "labels"),
        runtime=by_shape(15, minutes.rows, "labels"),
    params:
        options=plan(review.gallery_options),
    script:
        "../workflow_scripts/make_gallery.py"


rule export_pseudo_labels:
    input:
        pseudo_labels=paths.pseudo_labels(),
        logits=plan(labels.teacher_logits),
        labels=plan(labels.labelled),
        observed=plan(labels.labelled_observed),
        images=plan(review.exported_images),
        tars=stored(review.exported_tars),
        code=code("export_pseudo_labels"),
    output:
        export=directory("results/{dataset}/exports/{pseudo_labels}/seed_{seed}/{variant}/{format}"),
    log:
        "results/{dataset}/logs/export_pseudo_labels/{pseudo_labels}/seed_{seed}/{variant}/{format}.log",
    benchmark:
        "results/{dataset}/benchmarks/export_pseudo_labels/{pseudo_labels}/seed_{seed}/{variant}/{format}.tsv"
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=by_shape(4000, memory.rows, "labels"),
        runtime=by_shape(15, minutes.rows, "labels"),
    script:
        "../workflow_scripts/export_pseudo_labels.py"


rule export_features:
    input:
        features=paths.features(),
        images=paths.images(),
        labels=plan(review.exported_labels),
        code=code("export_features"),
    output:
        export=directory("results/{dataset}/exports/features/{backbone}/{part}"),
    log:
        "results/{dataset}/logs/export_features/{backbone}/{part}.log",
    benchmark:
        "results/{dataset}/benchmarks/export_features/{backbone}/{part}.tsv"
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=by_shape(2000, memory.listed, "images"),
        runtime=by_shape(15, minutes.copied, "features"),
    script:
        "../workflow_scripts/export_features.py"


# Questions to people, and their answers, which become observed labels.
rule make_queue:
    input:
        pseudo_labels=plan(review.asked_pseudo_labels),
        logits=plan(review.asked_logits),
        labels=plan(review.asked_labels),
        observed=plan(review.asked_observed),
        images=plan(review.asked_images),
        code=code("make_queue"),
    output:
        queue="results/{dataset}/review/queue.csv",
    log:
        "results/{dataset}/logs/make_queue.log",
    benchmark:
        "results/{dataset}/benchmarks/make_queue.tsv"
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=by_shape(4000, memory.rows, "labels"),
        runtime=by_shape(15, minutes.rows, "labels"),
    params:
        options=plan(review.queue_options),
    script:
        "../workflow_scripts/make_queue.py"


rule make_review_page:
    input:
        queue=plan(review.questions),
        images=plan(review.asked_images),
        tars=stored(review.asked_tars),
        templates=templates("base.html", "review.html", "review.css", "review.js", "style.css"),
        code=code("make_review_page"),
    output:
        page="results/{dataset}/review/review.html",
        data=directory("results/{dataset}/review/data"),
    log:
        "results/{dataset}/logs/make_review_page.log",
    benchmark:
        "results/{dataset}/benchmarks/make_review_page.tsv"
    conda:
        "../envs/numpy.yaml"
    threads: 8
    resources:
        mem_mb=by_shape(2000, memory.listed, "images"),
        runtime=by_shape(15, minutes.shown, "queue"),
    params:
        options=plan(review.page_options),
    script:
        "../workflow_scripts/make_review_page.py"


rule merge_answers:
    input:
        answers=plan(review.answer_files),
        labels=paths.labels(),
        images=paths.images(),
        code=code("merge_answers"),
    output:
        answers="results/{dataset}/review/answers_{part}.csv",
    log:
        "results/{dataset}/logs/merge_answers/{part}.log",
    benchmark:
        "results/{dataset}/benchmarks/merge_answers/{part}.tsv"
    priority: 1
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=by_shape(2000, memory.listed, "images"),
        runtime=by_shape(15, minutes.listed, "images"),
    params:
        unknown_answers=plan(review.unknown_answers),
    script:
        "../workflow_scripts/merge_answers.py"


# What answers gain, on data with true labels: one job plays them for a strategy and a replicate.
rule play_answers:
    input:
        features=plan(review.simulation_features, part="train"),
        test_features=plan(review.simulation_features, part="test"),
        decomposition=plan(review.simulation_decomposition),
        landmarks=plan(review.simulation_landmarks),
        labels=paths.labels(part="train"),
        test_labels=paths.labels(part="test"),
        observed=paths.observed(),
        code=code("play_answers"),
    output:
        table="results/{dataset}/simulation/{strategy}/seed_{seed}.csv",
    log:
        "results/{dataset}/logs/play_answers/{strategy}/seed_{seed}.log",
    benchmark:
        "results/{dataset}/benchmarks/play_answers/{strategy}/seed_{seed}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=by_shape(
            *(8000, memory.simulated, "labels", "features", "test_labels"),
            searches=plan(review.simulation_searches),
            teachers=plan(review.simulation_teachers),
        ),
        runtime=by_shape(60, minutes.trained, "labels", "features", searches=plan(review.simulation_searches)),
        gpu=MACHINE.gpus_per_job,
        device=MACHINE.device,
    params:
        options=plan(review.simulation_options),
    script:
        "../workflow_scripts/play_answers.py"


rule plot_simulation:
    input:
        tables=plan(review.all_simulations),
        code=code("plot_simulation"),
    output:
        table="results/{dataset}/tables/simulation.csv",
        svg="results/{dataset}/figures/simulation.svg",
        png="results/{dataset}/figures/simulation.png",
    log:
        "results/{dataset}/logs/plot_simulation.log",
    benchmark:
        "results/{dataset}/benchmarks/plot_simulation.tsv"
    localrule: True
    conda:
        "../envs/numpy.yaml"
    script:
        "../workflow_scripts/plot_simulation.py"
