"""The section of a teacher that compares pictures with texts."""

from typing import Annotated, Literal

from pydantic import Field

from plan.fields import Name, Once, Path, Section


class Text(Section):
    """A teacher that is not trained: it compares pictures with texts about the categories."""

    backbone: Name = Field(description="one of the backbones: an image-text model (library open_clip)")
    prompts: Annotated[
        list[Annotated[str, Field(pattern=r"\{\}", description="a text with {} in place of the category")]],
        Field(min_length=1),
        Once,
    ] = Field(
        ["a photo of a {}."],
        description="texts with {} in place of the name of a category; their features are averaged",
    )
    names: Path | None = Field(
        None,
        description="path to a YAML file, category to its name in texts or a list of names; null, and for a category that "
        "is not in it: the category as it is",
    )
    temperature: Annotated[float, Field(gt=0, le=100)] | None = Field(
        None,
        description="a number above 0 that similarities are divided by before the softmax over categories (0.01 as published "
        "for CLIP); null: that of the weights",
    )
    debias: bool = Field(
        False,
        description="whether the mean similarity of each category to the training pictures is subtracted, which needs no label",
    )
    crops: Literal["mean", "maximum", "attention"] = Field(
        "mean",
        description="how the crops of a backbone that has some are taken together: mean (of their features), maximum (the "
        "nearest crop) or attention (the mean of their similarities, weighted by a softmax over crops)",
    )
