import itertools
import re

import numpy as np
import pytest

from mfa.comparison import VERDICTS
from mfa.indicators.waste import DESTINATIONS
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
    assert found["crop0"].colour == colours.class_colour("MF.1")
    assert found["stone0"].colour == colours.class_colour("MF.3")
    water = colours.material_categories(["tap"], {}, {}, "m3/year", "vi")
    assert water["tap"].colour == colours.class_colour("MF.2")


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


# Machado, Oliveira and Fernandes (2009), full severity, for linear RGB.
VISION = {
    "full": np.eye(3),
    "protanope": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                  [-0.003882, -0.048116, 1.051998]],
    "deuteranope": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                    [-0.011820, 0.042940, 0.968881]],
    "tritanope": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                  [0.004733, 0.691367, 0.303900]],
}  # fmt: skip
XYZ = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
       [0.0193339, 0.1191920, 0.9503041]]  # fmt: skip


def linear(colour, opacity):
    """Linear RGB of a colour on white paper."""
    parts = np.array([int(pair, 16) / 255 for pair in re.findall("..", colour[1:])])
    parts = parts * opacity + 1 - opacity
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(colour, vision, opacity=colours.OPACITY):
    seen = np.clip(np.array(VISION[vision]) @ linear(colour, opacity), 0, 1)
    x, y, z = (np.cbrt(v) if v > 0.008856 else 7.787 * v + 16 / 116
               for v in np.array(XYZ) @ seen / (0.95047, 1, 1.08883))  # fmt: skip
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


ALL = [*colours.PALETTE, "#584d53", "#b8b8b8"]


@pytest.mark.parametrize("vision", VISION)
def test_all_hues_stay_apart_for_every_kind_of_colour_vision(vision):
    least = min(
        np.linalg.norm(lab(a, vision) - lab(b, vision)) for a, b in itertools.combinations(ALL, 2)
    )
    assert least > 12


def test_every_colour_of_a_legend_is_one_of_those_hues():
    used = {c.colour for c in colours.sector_categories([*SECTORS, "other"], "en").values()}
    used |= {c.colour for c in colours.status_categories(STATUSES, "en").values()}
    used |= {colours.class_colour(f"MF.{n}") for n in range(1, 9)}
    used |= {colours.change_colour(verdict) for verdict in VERDICTS}
    ends = {colours.destination_colour(role) for role in DESTINATIONS}
    assert len(ends) == len(DESTINATIONS)
    used |= ends
    assert used <= set(ALL)
    assert len({colours.class_colour(f"MF.{n}") for n in range(1, 9)}) == 8


def test_the_report_and_the_pictures_share_one_set_of_class_colours():
    from mfa.report.figures import CLASS_COLOURS

    drawn = colours.code_categories(["MF.1", "MF.2", "MF.3", "MF.4", "other"], "en")
    assert {key: category.colour for key, category in drawn.items()} == CLASS_COLOURS


@pytest.mark.parametrize("hue", ALL)
def test_black_text_is_readable_on_every_band(hue):
    """Even without its white halo: WCAG 2.1 asks for 3 to 1."""
    band = np.array([0.2126, 0.7152, 0.0722]) @ linear(hue, colours.OPACITY)
    ink = np.array([0.2126, 0.7152, 0.0722]) @ linear("#1b1f23", 1.0)
    assert (band + 0.05) / (ink + 0.05) > 3
