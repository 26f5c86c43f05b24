# Figures, provenance and report.


rule plot_map:
    input:
        table=paths.table("map"),
        counts=plan(reporting.found_taus),
        code=code("plot_map"),
    output:
        svg=report(
            "<compared>/figures/figure_1a.svg",
            caption="captions/figure_1a.rst",
            category="Figures",
            labels={"figure": "1a", "shows": "test mAP"},
        ),
        png="<compared>/figures/figure_1a.png",
    log:
        "<compared>/logs/plot_map.log",
    benchmark:
        "<compared>/benchmarks/plot_map.tsv"
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
            "<compared>/figures/figure_1b.svg",
            caption="captions/figure_1b.rst",
            category="Figures",
            labels={"figure": "1b", "shows": "positives per image"},
        ),
        png="<compared>/figures/figure_1b.png",
    log:
        "<compared>/logs/plot_label_counts.log",
    benchmark:
        "<compared>/benchmarks/plot_label_counts.tsv"
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
            "<compared>/figures/comparison.svg",
            caption="captions/comparison.rst",
            category="Figures",
            labels={"figure": "comparison", "shows": "difference to the reference"},
        ),
        png="<compared>/figures/comparison.png",
    log:
        "<compared>/logs/plot_comparison.log",
    benchmark:
        "<compared>/benchmarks/plot_comparison.tsv"
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
            "<compared>/figures/reliability.svg",
            caption="captions/reliability.rst",
            category="Figures",
            labels={"figure": "reliability", "shows": "calibration"},
        ),
        png="<compared>/figures/reliability.png",
    log:
        "<compared>/logs/plot_reliability.log",
    benchmark:
        "<compared>/benchmarks/plot_reliability.tsv"
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
        map=paths.table("map"),
        code=code("plot_label_quality"),
    output:
        svg=report(
            "<compared>/figures/label_quality.svg",
            caption="captions/label_quality.rst",
            category="Figures",
            labels={"figure": "label_quality", "shows": "precision and recall of the pseudo-labels"},
        ),
        png="<compared>/figures/label_quality.png",
    log:
        "<compared>/logs/plot_label_quality.log",
    benchmark:
        "<compared>/benchmarks/plot_label_quality.tsv"
    localrule: True
    conda:
        "../envs/numpy.yaml"
    params:
        options=plan(reporting.shown_pseudo_labels),
    script:
        "../workflow_scripts/plot_label_quality.py"


rule plot_training:
    input:
        histories=plan(evaluation.all_histories),
        code=code("plot_training"),
    output:
        svg=report(
            "<compared>/figures/training.svg",
            caption="captions/training.rst",
            category="Figures",
            labels={"figure": "training", "shows": "loss and validation mAP over epochs"},
        ),
        png="<compared>/figures/training.png",
    log:
        "<compared>/logs/plot_training.log",
    benchmark:
        "<compared>/benchmarks/plot_training.tsv"
    localrule: True
    conda:
        "../envs/numpy.yaml"
    params:
        models=plan(rows.trained_models),
        options=plan(reporting.names),
    script:
        "../workflow_scripts/plot_training.py"


rule write_provenance:
    input:
        tables=[paths.table(name) for name in reporting.TABLES],
        files=plan(reporting.recorded_files),
        features=plan(reporting.all_features),
        templates=templates("base.html", "provenance.html", "style.css"),
        code=code("write_provenance"),
    output:
        record="<compared>/provenance.json",
        page=report(
            "<compared>/provenance.html",
            caption="captions/provenance.rst",
            category="Provenance",
            labels={"figure": "provenance", "shows": "what the results were made with"},
        ),
    log:
        "<compared>/logs/write_provenance.log",
    benchmark:
        "<compared>/benchmarks/write_provenance.tsv"
    localrule: True
    conda:
        "../envs/torch.yaml"
    params:
        config=plan(reporting.record),
        planned=by_rule_name(plan(reporting.planned)),
    script:
        "../workflow_scripts/write_provenance.py"


rule write_report:
    input:
        comparison=paths.table("comparison"),
        label_counts=paths.table("label_counts"),
        label_quality=paths.table("label_quality"),
        confusions=paths.table("confusions"),
        map=paths.table("map"),
        figures=[paths.figure(name) for name in reporting.FIGURES],
        provenance=paths.provenance(),
        train=paths.labels(part="train"),
        test=paths.labels(part="test"),
        pool=plan(reporting.pool_labels),
        left_out=plan(reporting.left_out),
        duplicates=paths.shared_table("duplicates"),
        category_warnings=paths.shared_table("category_warnings"),
        published=plan(published.reported),
        images=paths.images(part="train"),
        tars=stored(reporting.sampled_tars),
        pseudo_labels=plan(reporting.sampled_pseudo_labels),
        logits=plan(reporting.sampled_logits),
        observed=plan(reporting.sampled_observed),
        templates=templates("base.html", "report.html", "style.css"),
        code=code("write_report"),
    output:
        page=report(
            "<compared>/report.html",
            caption="captions/report.rst",
            category="Report",
            labels={"figure": "report", "shows": "everything on one page, also for print"},
        ),
        summary="<compared>/summary.txt",
    log:
        "<compared>/logs/write_report.log",
    benchmark:
        "<compared>/benchmarks/write_report.tsv"
    localrule: True
    conda:
        "../envs/numpy.yaml"
    params:
        options=plan(reporting.report),
    script:
        "../workflow_scripts/write_report.py"


rule write_crate:
    input:
        record=paths.provenance(),
        pages=["<compared>/provenance.html", paths.report(), paths.summary()],
        figures=reporting.figures("<compared>"),
        tables=[paths.table(name) for name in reporting.TABLES],
        citation=project_file("CITATION.cff"),
        code=code("write_crate"),
    output:
        metadata="<compared>/ro-crate-metadata.json",
    log:
        "<compared>/logs/write_crate.log",
    benchmark:
        "<compared>/benchmarks/write_crate.tsv"
    localrule: True
    conda:
        "../envs/torch.yaml"
    params:
        figures=reporting.FIGURES,
    script:
        "../workflow_scripts/write_crate.py"


# Of experiments that ran before, each with its own configuration; their tables are inputs that only its own run makes.
rule compare_experiments:
    input:
        tables=plan(experiments.compared_tables, name="comparison"),
        maps=plan(experiments.compared_tables, name="map"),
        code=code("compare_experiments"),
    output:
        table="results/{dataset}/tables/experiments.csv",
        svg="results/{dataset}/figures/experiments.svg",
        png="results/{dataset}/figures/experiments.png",
    log:
        "results/{dataset}/logs/compare_experiments.log",
    benchmark:
        "results/{dataset}/benchmarks/compare_experiments.tsv"
    localrule: True
    conda:
        "../envs/numpy.yaml"
    params:
        options=plan(experiments.compared_options),
    script:
        "../workflow_scripts/compare_experiments.py"
