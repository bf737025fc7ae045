"""The tree in which states are merged: binary over block numbers, so that no clock and no worker has a say."""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple, TypeVar

S = TypeVar("S")


class Node(NamedTuple):
    """The blocks ``number 2^level`` to ``(number + 1) 2^level - 1`` of a replicate, for one part of the fields."""

    part: int
    replicate: int
    level: int
    number: int

    @property
    def parent(self) -> "Node":
        return self._replace(level=self.level + 1, number=self.number >> 1)

    @property
    def sibling(self) -> "Node":
        return self._replace(number=self.number ^ 1)

    @property
    def children(self) -> tuple["Node", "Node"]:
        left = self._replace(level=self.level - 1, number=self.number << 1)
        return left, left.sibling

    def covers(self, other: "Node") -> bool:
        """Whether the other's blocks are among these."""
        height = self.level - other.level
        same = (self.part, self.replicate) == (other.part, other.replicate)
        return same and height >= 0 and other.number >> height == self.number


def missing(node: Node, held: Collection[Node], level: int) -> Iterator[Node]:
    """Nodes of at most a level that together hold what of a node's blocks is in none of some others."""
    if node in held:
        return
    inside = [other for other in held if node.covers(other)]
    if node.level <= level and not inside:
        yield node
        return
    for child in node.children:
        yield from missing(child, inside, level)


def fold(states: Iterable[S], merge: Callable[[S, S], S]) -> S:
    """Merge 2^b states along the tree, holding b + 1 of them at most.

    Examples
    --------
    >>> fold("abcd", lambda left, right: f"({left}{right})")
    '((ab)(cd))'
    """
    waiting: list[tuple[int, S]] = []  # (level, state), levels falling
    for state in states:
        level = 0
        while waiting and waiting[-1][0] == level:
            state = merge(waiting.pop()[1], state)
            level += 1
        waiting.append((level, state))
    (_, root), *rest = waiting
    if rest:
        raise ValueError(f"a tree is folded of a power of two states, got {sum(2**level for level, _ in waiting)}")
    return root
