"""A study file with some factors in one group and everything else, comments too, as it was."""

from collections.abc import Collection
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from dnnsa import reading
from dnnsa.errors import StudyError
from dnnsa.factors import members
from dnnsa.study import Study

WIDE = 2**20  # no line is broken that was not


def regrouped(text: str, to: Study, inert: Collection[str], group: str, heading: str) -> str:
    """The text of a study file after a screening.

    A factor with a `count` of which some are inert is written out, one by one, and so are aliases of a law.

    Parameters
    ----------
    text
        The file as the user wrote it.
    to
        The study that the new file has to read as.
    heading
        Lines for its top, where they become comments.

    Raises
    ------
    StudyError
        The new text does not read as that study; nothing is lost, since `to` can be written without the comments.
    """
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = WIDE
    yaml.indent(mapping=2, sequence=4, offset=2)
    document = yaml.load(text)
    document["name"] = to.name
    _regroup(document["factors"], inert, group)
    written = StringIO()
    yaml.dump(document, written)
    top = "".join(f"# {line}\n" for line in heading.splitlines())
    whole = top + written.getvalue()
    if Study(directory=to.directory, **reading.read_text(whole)) != to:
        raise StudyError(["the file cannot be rewritten with its comments: write `dnnsa.screen(...).study.to_yaml()`."])
    return whole


def _regroup(factors: Any, inert: Collection[str], group: str) -> None:
    """Put factors of a file into a group, in place."""
    _apart(factors)
    for position, (name, law) in reversed(list(enumerate(factors.items()))):
        several = members(name, law.get("count"))
        chosen = [one for one in several if one in inert]
        if chosen == several:
            law["group"] = group
        elif chosen:
            comments = factors.ca.items.pop(name, None)
            del factors[name]
            for number, one in enumerate(several):
                alone = _copy(law, without="count")
                if one in inert:
                    alone["group"] = group
                factors.insert(position + number, one, alone)
            if comments is not None:
                factors.ca.items[several[-1]] = comments


def _apart(factors: Any) -> None:
    """Write aliases of one law out, so that one can change without the others, in place."""
    shared = [id(law) for law in factors.values()]
    for position, (name, law) in enumerate(list(factors.items())):
        if shared.count(id(law)) > 1:
            factors[name] = _copy(law)
            if shared.index(id(law)) != position:
                factors.ca.items.pop(name, None)  # the comment of the first, which ruamel gives to all of them


def _copy(law: Any, without: str = "") -> Any:
    """The same keys in the same style, without comments and anchors."""
    copied = CommentedMap((key, value) for key, value in law.items() if key != without)
    if law.fa.flow_style() or law.fa.flow_style() is None:
        copied.fa.set_flow_style()
    else:
        copied.fa.set_block_style()
    return copied
