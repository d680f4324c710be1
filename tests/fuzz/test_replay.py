"""The fuzzers' seeds, a few mutations of each and past findings, the same in every run."""

from __future__ import annotations

import random

import pytest

from tests.fuzz.readers import TARGETS, mutated, try_one

ROUNDS = 40


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_and_mutations(name: str) -> None:
    chance = random.Random(name)
    for seed in TARGETS[name].seeds:
        try_one(name, seed)
        for _ in range(ROUNDS):
            try_one(name, mutated(seed, chance))
