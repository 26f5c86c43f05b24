# The two tables and the two figures of the paper.


rule collect_map:
    input:
        metrics=all_metrics,
        code=code("collect_map"),
    output:
        table="results/{dataset}/tables/map.csv",
    log:
        "results/{dataset}/logs/collect_map.log",
    benchmark:
        "results/{dataset}/benchmarks/collect_map.tsv"
    localrule: True
    conda:
        "../envs/numpy.yaml"
    params:
        models=models,
    script:
        "../workflow_scripts/collect_map.py"


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
