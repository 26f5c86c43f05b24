# The gallery of training pictures with their labels, and exports to other tools.


rule make_thumbnails:
    input:
        images=paths.images(part="train"),
        labels=paths.labels(part="train"),
        code=code("make_thumbnails"),
    output:
        thumbnails=directory("results/{dataset}/gallery/thumbnails"),
    log:
        "results/{dataset}/logs/make_thumbnails.log",
    benchmark:
        "results/{dataset}/benchmarks/make_thumbnails.tsv"
    conda:
        "../envs/numpy.yaml"
    threads: 8
    resources:
        mem_mb=per_attempt(2000),
        runtime=per_attempt(120),
    script:
        "../workflow_scripts/make_thumbnails.py"


rule make_gallery:
    input:
        pseudo_labels=plan(labels.variant_files),
        logits=plan(labels.teacher_logits),
        labels=paths.labels(part="train"),
        observed=paths.observed(),
        images=paths.images(part="train"),
        thumbnails=paths.thumbnails(),
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
        runtime=per_attempt(60),
    params:
        options=plan(review.gallery_options),
    script:
        "../workflow_scripts/make_gallery.py"


rule export_pseudo_labels:
    input:
        pseudo_labels=paths.pseudo_labels(),
        logits=plan(labels.teacher_logits),
        labels=paths.labels(part="train"),
        observed=paths.observed(),
        images=paths.images(part="train"),
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
        runtime=per_attempt(60),
    script:
        "../workflow_scripts/export_pseudo_labels.py"
