"""The tree of merges is the same whoever climbs it."""

import pytest

from dnnsa.engine.tree import Node, fold


def join(left, right):
    return f"({left}{right})"


def test_a_fold_of_folds_is_the_fold():
    letters = "abcdefgh"
    whole = fold(letters, join)
    assert whole == "(((ab)(cd))((ef)(gh)))"
    for size in (1, 2, 4, 8):
        assert fold([fold(letters[i : i + size], join) for i in range(0, 8, size)], join) == whole


def test_a_fold_holds_few_states():
    held, most = 0, 0

    def states():
        nonlocal held, most
        for number in range(64):
            held += 1
            most = max(most, held)
            yield number

    def merge(left, right):
        nonlocal held
        held -= 1
        return left + right

    assert fold(states(), merge) == sum(range(64))
    assert most <= 7


@pytest.mark.parametrize("count", [3, 5, 6])
def test_a_fold_of_no_power_of_two_is_refused(count):
    with pytest.raises(ValueError, match=f"a power of two states, got {count}"):
        fold("abcdef"[:count], join)


def test_nodes_know_their_family():
    node = Node(0, 1, 2, 5)
    assert node.parent == Node(0, 1, 3, 2)
    assert node.sibling == Node(0, 1, 2, 4)
    assert node.parent.children == (node.sibling, node)
    assert node.parent.covers(node)
    assert not node.covers(node.parent)
    assert not node.sibling.covers(Node(0, 1, 0, 20))
    assert node.covers(Node(0, 1, 0, 20))
    assert not node.covers(Node(0, 0, 0, 20))
