import itertools
import re

from mfa.model.quantity import Material
from mfa.sankey import colours
from mfa.vocabulary import SECTORS, STATUSES

TREE = {
    "biomass": Material("biomass", name_vi="Sinh khối", mf_code="MF.1"),
    "minerals": Material("minerals", name_vi="Khoáng", mf_code="MF.3"),
    **{f"crop{i}": Material(f"crop{i}", parent="biomass") for i in range(6)},
    **{f"stone{i}": Material(f"stone{i}", parent="minerals") for i in range(6)},
}


def test_few_materials_are_shown_as_they_are():
    totals = {"crop1": 5.0, "stone2": 1.0, "biomass": 2.0}
    assert colours.material_classes(TREE, totals) == {key: key for key in totals}


def test_too_many_materials_are_shown_as_their_parents_smallest_family_first():
    totals = {f"crop{i}": 10.0 for i in range(6)} | {f"stone{i}": 1.0 for i in range(6)}
    shown = colours.material_classes(TREE, totals)
    assert {shown[f"stone{i}"] for i in range(6)} == {"minerals"}
    assert all(shown[f"crop{i}"] == f"crop{i}" for i in range(6))


def test_many_roots_leave_the_smallest_to_the_others():
    roots = {f"m{i}": Material(f"m{i}") for i in range(14)}
    totals = {f"m{i}": float(i + 1) for i in range(14)}
    shown = colours.material_classes(roots, totals)
    assert [key for key in totals if shown[key] == "other"] == ["m0", "m1", "m2", "m3", "m4"]


def test_materials_unknown_or_in_a_circle_do_not_hang():
    circle = {"a": Material("a", parent="b"), "b": Material("b", parent="a")}
    assert colours.material_classes(circle, {"a": 1.0, "ghost": 2.0, "": 1.0}) == {
        "a": "a", "ghost": "ghost", "": "other",
    }  # fmt: skip
    many = {f"x{i}": 1.0 for i in range(12)}
    assert len(set(colours.material_classes(circle, many | {"a": 1.0}).values())) == 10


def test_a_class_gets_the_colour_it_likes():
    codes = {"crop0": "MF.1.1", "stone0": "MF.3.6"}
    found = colours.material_categories(codes, TREE, codes, "t/year", "vi")
    assert found["crop0"].colour == "#117733"
    assert found["stone0"].colour == "#ddcc77"
    water = colours.material_categories(["tap"], {}, {}, "m3/year", "vi")
    assert water["tap"].colour == "#0072b2"


def test_every_category_of_a_picture_has_its_own_colour():
    keys = [f"m{i}" for i in range(9)]
    found = colours.material_categories(keys, {}, dict.fromkeys(keys, "MF.1"), "t/year", "en")
    assert len({category.colour for category in found.values()}) == 9
    for make, keys in (
        (colours.sector_categories, [*SECTORS, "my own"]),
        (colours.status_categories, STATUSES),
    ):
        found = make(keys, "vi")
        assert list(found) == list(keys)
        assert len({category.colour for category in found.values()}) == len(found)


def test_a_sector_keeps_its_colour_whatever_else_is_shown():
    few = colours.sector_categories(["waste", "water"], "vi")
    all_ = colours.sector_categories(SECTORS, "vi")
    assert all(few[key] == all_[key] for key in few)


def test_codes_are_shown_at_the_level_that_tells_something():
    assert set(colours.code_classes(["MF.1.1.1", "MF.3.8"]).values()) == {"MF.1", "MF.3"}
    assert set(colours.code_classes(["MF.1.1.1", "MF.1.3.1"]).values()) == {"MF.1.1", "MF.1.3"}
    assert colours.code_classes(["MF.9.9.9", "junk", ""]) == {
        "MF.9.9.9": "MF.9", "junk": "other", "": "other",
    }  # fmt: skip


def luminance(colour):
    parts = [int(pair, 16) / 255 for pair in re.findall("..", colour[1:])]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return red, green, blue


def deuteranope(colour):
    """Viénot, Brettel and Mollon (1999): what is left of a colour without green cones."""
    red, green, blue = luminance(colour)
    return (
        0.29275 * red + 0.70725 * green,
        0.29275 * red + 0.70725 * green,
        -0.02234 * red + 0.02234 * green + blue,
    )


def test_the_first_nine_hues_stay_apart_without_green_cones():
    seen = [deuteranope(hue) for hue in colours.PALETTE[:9]]
    for first, second in itertools.combinations(seen, 2):
        apart = [
            abs(max(a, 0.0) ** (1 / 2.2) - max(b, 0.0) ** (1 / 2.2))
            for a, b in zip(first, second, strict=True)
        ]
        assert max(apart) > 0.1
