"""The schema is complete, unambiguous, and its examples follow its own rules."""

import pytest

from mfa.workbook.cells import Found, interpret
from mfa.workbook.choices import canonical, options
from mfa.workbook.columns import Column
from mfa.workbook.schema import SHEETS, find_column, find_sheet, sheet
from mfa.workbook.text import key_of

COLUMNS = [(table, column) for table in SHEETS for column in (*table.columns, *table.keys)]
KINDS = {
    "id", "key", "text", "number", "share", "score", "integer", "unit", "choice", "reference",
    "quantity", "formula", "uncertainty", "year", "period", "region", "members",
}  # fmt: skip


def ids(items):
    return [f"{table.name}.{column.name}" for table, column in items]


def test_machine_names_are_those_agreed():
    assert {table.name: [c.name for c in table.columns] for table in SHEETS} == {
        "case": ["key", "value", "note"],
        "processes": ["id", "name_en", "name_vi", "sector", "stage", "boundary", "balance", "note"],
        "layers": ["id", "name_en", "name_vi", "unit", "note"],
        "materials": ["id", "name_en", "name_vi", "parent", "mf_code", "moisture", "density",
                      "calorific_value", "carbon_content", "note"],
        "flows": ["id", "name_en", "name_vi", "source", "target", "material", "layer", "unit",
                  "lower", "upper", "role", "period", "region", "note"],
        "stocks": ["id", "name_en", "name_vi", "process", "material", "layer", "unit", "lower",
                   "upper", "note"],
        "parameters": ["id", "name_en", "name_vi", "unit", "value", "uncertainty", "source",
                       "figure", "year", "scope", "reliability", "completeness", "temporal",
                       "spatial", "other", "lower", "upper", "period", "region", "note"],
        "observations": ["id", "quantity", "value", "unit", "factor", "uncertainty", "source",
                         "figure", "year", "scope", "reliability", "completeness", "temporal",
                         "spatial", "other", "period", "region", "layer", "note"],
        "relations": ["id", "formula", "name_en", "name_vi", "period", "region", "source", "note"],
        "interventions": ["id", "scenario", "scenario_name_en", "scenario_name_vi", "quantity",
                          "action", "value", "unit", "uncertainty", "source", "period", "region",
                          "layer", "year", "note"],
        "sources": ["id", "title", "publisher", "year", "url", "quote", "scope", "type",
                    "confidence", "note"],
        "views": ["view", "view_name_en", "view_name_vi", "layer", "colour_by", "group", "name_en",
                  "name_vi", "members", "column", "order"],
    }  # fmt: skip
    assert [c.name for c in sheet("case").keys] == [
        "title_en", "title_vi", "boundary_en", "boundary_vi", "description_en", "description_vi",
        "periods", "regions", "unit", "decimal", "sao_region", "population", "grdp", "author",
        "version", "template",
    ]  # fmt: skip


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=ids(COLUMNS))
def test_a_column_says_what_belongs_there_in_both_languages(table, column):
    assert column.kind in KINDS
    assert all((column.title_en, column.title_vi, column.help_en, column.help_vi))
    assert column.help_en != column.help_vi
    if column.kind in ("reference", "quantity"):
        assert sheet(column.choices).columns[0].name == "id"
    if column.kind == "choice":
        assert options(column.choices, "vi").keys() == options(column.choices, "en").keys()


@pytest.mark.parametrize("language", ["vi", "en"])
def test_titles_tell_sheets_and_columns_apart(language):
    titles = [table.title(language) for table in SHEETS]
    assert len({key_of(t) for t in titles}) == len(SHEETS)
    assert all(len(t) <= 31 and not set(t) & set("[]:*?/\\'") for t in titles)
    for table in SHEETS:
        assert find_sheet(table.title(language)) is table
        for column in table.columns:
            assert find_column(table, column.title(language)) is column
            assert find_column(table, column.name) is column


@pytest.mark.parametrize("name", ["sector", "stage", "boundary", "role", "yes_no", "decimal",
                                  "confidence", "action", "colour_by", "source_type", "sao_region",
                                  "case_key"])  # fmt: skip
def test_every_word_of_a_list_is_understood_in_both_languages(name):
    for language in ("vi", "en"):
        words = options(name, language)
        assert len({key_of(word) for word in words.values()}) == len(words)
        for key, word in words.items():
            assert canonical(name, word) == key
            assert canonical(name, key) == key


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=ids(COLUMNS))
@pytest.mark.parametrize("language", ["vi", "en"])
def test_examples_can_be_read(table, column: Column, language):
    example = column.example_in(language)
    value, problem = interpret(Found(example), column, "." if language == "en" else None)
    assert problem is None
    if column.numeric and example:
        assert isinstance(value, float)
    if column.kind == "choice" and example:
        assert value in options(column.choices, "en")
    if column.kind == "unit" and example:
        from mfa.units import parse_unit

        assert parse_unit(example).factor > 0
