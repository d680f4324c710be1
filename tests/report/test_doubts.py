"""The report says where an error may sit: nodes, what restores agreement, what is alike."""

import pytest

import mfa
from mfa.report.chapters.doubts import doubts
from mfa.report.collect import collect
from mfa.report.document import Bullets, plain
from mfa.report.tables import Table
from mfa.report.text import Writer


def account(last):
    s = mfa.System("x", unit="t/year")
    s.process("mill", name_en="Mill", name_vi="Nhà máy")
    s.process("shop", name_en="Shop", name_vi="Cửa hàng")
    s.flow("a", "import", "mill", value=100, sd=2)
    s.flow("b", "mill", "shop", value=101, sd=2)
    s.flow("c", "shop", "export", value=last, sd=2)
    return s.balance()


@pytest.mark.parametrize(("language", "name"), [("en", "Shop"), ("vi", "Cửa hàng")])
def test_a_blunder_shows_at_its_node_and_its_removal_restores(language, name):
    section = doubts(Writer(collect(account(140)), language))
    tables = [block for block in section.blocks if isinstance(block, Table)]
    assert [row.cells[0] for row in tables[0].rows] == [name]
    (restoring,) = [block for block in section.blocks if isinstance(block, Bullets)]
    assert len(restoring.items) == 1
    assert plain(restoring.items[0]).startswith("c")


def test_two_that_cannot_be_told_apart_are_named_together():
    s = mfa.System("x", unit="t/year")
    s.process("mill")
    s.flow("a", "import", "mill", value=100, sd=2)
    s.flow("b", "mill", "export", value=102, sd=2)
    section = doubts(Writer(collect(s.balance()), "en"))
    (group,) = [
        item for block in section.blocks if isinstance(block, Bullets) for item in block.items
    ]
    assert plain(group).split("; ") == ["a", "b"]


def test_nothing_is_said_where_nothing_is_tested():
    s = mfa.System("x", unit="t/year")
    s.process("mill")
    s.flow("a", "import", "mill", value=100, sd=2)
    s.flow("b", "mill", "export")
    assert doubts(Writer(collect(s.balance()), "en")) is None
