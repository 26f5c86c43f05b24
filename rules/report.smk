# Figures, provenance and report.


rule plot_map:
    input:
        table=paths.table("map"),
        counts=plan(reporting.found_taus),
        code=code("plot_map"),
    output:
        svg=report(
            "results/{dataset}/figures/figure_1a.svg",
            caption="captions/figure_1a.rst",
            category="Figures",
            labels={"figure": "1a", "shows": "test mAP"},
        ),
        png="results/{dataset}/figures/figure_1a.png",
    log:
        "results/{dataset}/logs/plot_map.log",
    benchmark:
        "results/{dataset}/benchmarks/plot_map.tsv"
    localrule: True
    conda:
        "../envs/numpy.yaml"
    params:
        options=plan(reporting.shown_models),
    script:
        "../workflow_scripts/plot_map.py"


rule plot_label_counts:
    input:
        table=paths.table("label_counts"),
        code=code("plot_label_counts"),
    output:
        svg=report(
            "results/{dataset}/figures/figure_1b.svg",
            caption="captions/figure_1b.rst",
            category="Figures",
            labels={"figure": "1b", "shows": "positives per image"},
        ),
        png="results/{dataset}/figures/figure_1b.png",
    log:
        "results/{dataset}/logs/plot_label_counts.log",
    benchmark:
        "results/{dataset}/benchmarks/plot_label_counts.tsv"
    localrule: True
    conda:
        "../envs/numpy.yaml"
    params:
        options=plan(reporting.shown_pseudo_labels),
    script:
        "../workflow_scripts/plot_label_counts.py"


rule plot_comparison:
    input:
        table=paths.table("comparison"),
        map=paths.table("map"),
        code=code("plot_comparison"),
    output:
        svg=report(
            "results/{dataset}/figures/comparison.svg",
            caption="captions/comparison.rst",
            category="Figures",
            labels={"figure": "comparison", "shows": "difference to the reference"},
        ),
        png="results/{dataset}/figures/comparison.png",
    log:
        "results/{dataset}/logs/plot_comparison.log",
    benchmark:
        "results/{dataset}/benchmarks/plot_comparison.tsv"
    localrule: True
    conda:
        "../envs/numpy.yaml"
    params:
        options=plan(reporting.shown_models),
    script:
        "../workflow_scripts/plot_comparison.py"


rule plot_reliability:
    input:
        table=paths.table("map"),
        metrics=plan(evaluation.all_metrics),
        code=code("plot_reliability"),
    output:
        svg=report(
            "results/{dataset}/figures/reliability.svg",
            caption="captions/reliability.rst",
            category="Figures",
            labels={"figure": "reliability", "shows": "calibration"},
        ),
        png="results/{dataset}/figures/reliability.png",
    log:
        "results/{dataset}/logs/plot_reliability.log",
    benchmark:
        "results/{dataset}/benchmarks/plot_reliability.tsv"
    localrule: True
    conda:
        "../envs/numpy.yaml"
    params:
        models=plan(rows.models),
        options=plan(reporting.shown_models),
    script:
        "../workflow_scripts/plot_reliability.py"


rule plot_label_quality:
    input:
        label_quality=paths.table("label_quality"),
        confusions=paths.table("confusions"),
        code=code("plot_label_quality"),
    output:
        svg=report(
            "results/{dataset}/figures/label_quality.svg",
            caption="captions/label_quality.rst",
            category="Figures",
            labels={"figure": "label_quality", "shows": "precision and recall of the pseudo-labels"},
        ),
        png="results/{dataset}/figures/label_quality.png",
    log:
        "results/{dataset}/logs/plot_label_quality.log",
    benchmark:
        "results/{dataset}/benchmarks/plot_label_quality.tsv"
    localrule: True
    conda:
        "../envs/numpy.yaml"
    params:
        options=plan(reporting.shown_pseudo_labels),
    script:
        "../workflow_scripts/plot_label_quality.py"


rule write_provenance:
    input:
        tables=[
            paths.table(name)
            for name in ("map", "average_precision", "label_counts", "comparison", "label_quality", "confusions")
        ],
        files=plan(reporting.recorded_files),
        features=plan(reporting.all_features),
        templates=templates("base.html", "provenance.html", "style.css"),
        code=code("write_provenance"),
    output:
        record="results/{dataset}/provenance.json",
        page=report(
            "results/{dataset}/provenance.html",
            caption="captions/provenance.rst",
            category="Provenance",
            labels={"figure": "provenance", "shows": "what the results were made with"},
        ),
    log:
        "results/{dataset}/logs/write_provenance.log",
    benchmark:
        "results/{dataset}/benchmarks/write_provenance.tsv"
    localrule: True
    conda:
        "../envs/torch.yaml"
    params:
        config=plan(reporting.record),
        planned=plan(reporting.planned),
    script:
        "../workflow_scripts/write_provenance.py"


rule write_report:
    input:
        comparison=paths.table("comparison"),
        label_counts=paths.table("label_counts"),
        label_quality=paths.table("label_quality"),
        map=paths.table("map"),
        figures=[paths.figure(name) for name in reporting.FIGURES],
        provenance=paths.provenance(),
        train=paths.labels(part="train"),
        test=paths.labels(part="test"),
        pool=plan(reporting.pool_labels),
        left_out=plan(reporting.left_out),
        duplicates=paths.table("duplicates"),
        category_warnings=paths.table("category_warnings"),
        templates=templates("base.html", "report.html", "style.css"),
        code=code("write_report"),
    output:
        page=report(
            "results/{dataset}/report.html",
            caption="captions/report.rst",
            category="Report",
            labels={"figure": "report", "shows": "everything on one page, also for print"},
        ),
        summary="results/{dataset}/summary.txt",
    log:
        "results/{dataset}/logs/write_report.log",
    benchmark:
        "results/{dataset}/benchmarks/write_report.tsv"
    localrule: True
    conda:
        "../envs/numpy.yaml"
    params:
        options=plan(reporting.report),
    script:
        "../workflow_scripts/write_report.py"
