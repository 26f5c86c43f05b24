# The tables and the figures: the paper's two, the comparison of all methods, calibration, the audit of the labels; the
# record of what they were made with.


rule collect_metrics:
    input:
        metrics=all_metrics,
        code=code("collect_metrics"),
    output:
        table="results/{dataset}/tables/map.csv",
        average_precision="results/{dataset}/tables/average_precision.csv",
    log:
        "results/{dataset}/logs/collect_metrics.log",
    benchmark:
        "results/{dataset}/benchmarks/collect_metrics.tsv"
    localrule: True
    conda:
        "../envs/numpy.yaml"
    params:
        models=models,
    script:
        "../workflow_scripts/collect_metrics.py"


rule collect_label_counts:
    input:
        pseudo_labels=all_pseudo_labels,
        observed=all_observed,
        labels="results/{dataset}/labels/train.h5",
        code=code("collect_label_counts"),
    output:
        table="results/{dataset}/tables/label_counts.csv",
    log:
        "results/{dataset}/logs/collect_label_counts.log",
    benchmark:
        "results/{dataset}/benchmarks/collect_label_counts.tsv"
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
    params:
        variants=variants,
    script:
        "../workflow_scripts/collect_label_counts.py"


rule plot_map:
    input:
        table="results/{dataset}/tables/map.csv",
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
        options=section("figure"),
    script:
        "../workflow_scripts/plot_map.py"


rule plot_label_counts:
    input:
        table="results/{dataset}/tables/label_counts.csv",
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
        options=figure_label_counts,
    script:
        "../workflow_scripts/plot_label_counts.py"


rule compare_methods:
    input:
        logits=all_test_logits,
        labels="results/{dataset}/labels/test.h5",
        table="results/{dataset}/tables/map.csv",
        code=code("compare_methods"),
    output:
        table="results/{dataset}/tables/comparison.csv",
    log:
        "results/{dataset}/logs/compare_methods.log",
    benchmark:
        "results/{dataset}/benchmarks/compare_methods.tsv"
    conda:
        "../envs/numpy.yaml"
    threads: 8
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(120),
    params:
        models=models,
        options=compared,
    script:
        "../workflow_scripts/compare_methods.py"


rule measure_label_quality:
    input:
        pseudo_labels=all_pseudo_labels,
        observed=all_observed,
        labels="results/{dataset}/labels/train.h5",
        code=code("measure_label_quality"),
    output:
        label_quality="results/{dataset}/tables/label_quality.csv",
        confusions="results/{dataset}/tables/confusions.csv",
    log:
        "results/{dataset}/logs/measure_label_quality.log",
    benchmark:
        "results/{dataset}/benchmarks/measure_label_quality.tsv"
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
    params:
        variants=variants,
    script:
        "../workflow_scripts/measure_label_quality.py"


rule plot_comparison:
    input:
        table="results/{dataset}/tables/comparison.csv",
        map="results/{dataset}/tables/map.csv",
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
        options=section("figure", "lines"),
    script:
        "../workflow_scripts/plot_comparison.py"


rule plot_reliability:
    input:
        table="results/{dataset}/tables/map.csv",
        metrics=all_metrics,
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
        models=models,
        options=section("figure"),
    script:
        "../workflow_scripts/plot_reliability.py"


rule plot_label_quality:
    input:
        label_quality="results/{dataset}/tables/label_quality.csv",
        confusions="results/{dataset}/tables/confusions.csv",
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
        options=figure_label_counts,
    script:
        "../workflow_scripts/plot_label_quality.py"


rule write_provenance:
    input:
        tables=expand(
            "results/{{dataset}}/tables/{table}.csv",
            table=["map", "average_precision", "label_counts", "comparison", "label_quality", "confusions"],
        ),
        annotations=all_annotations,
        images=expand("results/{{dataset}}/images/{part}.csv", part=["train", "test"]),
        given=given_labels,
        features=all_features,
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
        config=as_used,
    script:
        "../workflow_scripts/write_provenance.py"


rule write_report:
    input:
        comparison="results/{dataset}/tables/comparison.csv",
        label_counts="results/{dataset}/tables/label_counts.csv",
        label_quality="results/{dataset}/tables/label_quality.csv",
        map="results/{dataset}/tables/map.csv",
        figures=expand("results/{{dataset}}/figures/{figure}.svg", figure=FIGURE_NAMES),
        provenance="results/{dataset}/provenance.json",
        train="results/{dataset}/labels/train.h5",
        test="results/{dataset}/labels/test.h5",
        assets=assets("report"),
        code=code("write_report"),
    output:
        page=report(
            "results/{dataset}/report.html",
            caption="captions/report.rst",
            category="Report",
            labels={"figure": "report", "shows": "all of it on one page, for paper, too"},
        ),
    log:
        "results/{dataset}/logs/write_report.log",
    benchmark:
        "results/{dataset}/benchmarks/write_report.tsv"
    localrule: True
    conda:
        "../envs/numpy.yaml"
    params:
        options=reported,
    script:
        "../workflow_scripts/write_report.py"
