"""The grammar of unit texts as people write them: ``triệu m3``, ``kg/(person·day)``, ``t ha⁻¹``."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction

from mfa.errors import Problem, UnitError
from mfa.locale import N_
from mfa.unit_list import (
    AMBIGUOUS,
    LABELS,
    REGIONAL,
    find,
    is_mass,
    multipliers,
    nearest,
    root,
    size,
    spellings,
)

LONGEST = 60
LONGEST_NAME = 5  # words
LARGEST_POWER = 4
LARGEST_FACTOR = 10**60

MALFORMED = N_(
    "“{unit}” cannot be read as a unit. Write it like “t/year”, “kg/person/day”, “t/(ha·year)” or "
    "“triệu m3”; numbers, periods and remarks have their own columns."
)
PRODUCT_BELOW = N_(
    "“{unit}” can be read in two ways, because a product stands behind a division. Write a stroke "
    "before each divisor (“kg/person/day”) or parentheses (“kg/(person·day)”)."
)
SEVERAL_MEANINGS = N_(
    "“{name}” in the unit “{unit}” can mean {readings}. Write the one that is meant."
)
OF_THE_SOUTH = N_(
    "“{name}” in the unit “{unit}” is a measure of the South ({south} m2). Declare on the case "
    "sheet that the case lies in the South (sao_region), or write m2 or ha."
)
BY_REGION = N_(
    "“{name}” in the unit “{unit}” differs by region: {north} m2 in the North, {central} m2 in the "
    "Centre, {south} m2 in the South. Declare the region on the case sheet (sao_region: north, "
    "central or south), or write m2 or ha."
)
UNKNOWN = N_(
    "“{name}” in the unit “{unit}” is not a known unit. Names of materials and remarks have their "
    "own columns."
)
UNKNOWN_NEAREST = N_(
    "“{name}” in the unit “{unit}” is not a known unit; the nearest is {nearest}. Names of "
    "materials and remarks have their own columns."
)

_EXPONENTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_RAISED = re.compile(r"[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_SIGNS = str.maketrans("·×⋅•∙÷∕⁄−–‐Ðð", "*****///---Đđ")
_LETTER = r"[^\W\d_]"
_ALLOWED = re.compile(rf"(?:{_LETTER}|[0-9 %‰₫$*/^()-])*")
_INVISIBLE = {"Cf": "", "Cc": "\ufffd", "Cs": "\ufffd"}
_TOKEN = re.compile(rf" *([0-9]+|US\$|[%‰₫]|{_LETTER}(?:{_LETTER}|[0-9])*|[*/^()-])")


@dataclass
class Terms:
    """A product of powers of known units and of substances, times a number."""

    scale: Fraction = Fraction(1)
    powers: Counter[str] = field(default_factory=Counter)
    substances: Counter[str] = field(default_factory=Counter)

    def times(self, other: Terms, power: int = 1) -> Terms:
        """Return this product times `other` to the power `power`."""
        result = Terms(self.scale * other.scale**power, self.powers.copy(), self.substances.copy())
        for name, count in other.powers.items():
            result.powers[name] += count * power
        for name, count in other.substances.items():
            result.substances[name] += count * power
        return result


def tidy(text: str) -> str:
    r"""Return `text` composed (NFC), with single spaces, without zero-width and control characters.

    Control characters become the replacement character, so that messages can be written anywhere.

    Examples
    --------
    >>> tidy(" kt\u200b /\u00a0year\n")
    'kt / year'
    """
    kept = (c if c.isspace() else _INVISIBLE.get(unicodedata.category(c), c) for c in text)
    return " ".join(unicodedata.normalize("NFC", "".join(kept)).split())


def read_unit(
    text: str, sao_region: str = "", *, hint: bool = True
) -> tuple[float, dict[str, int], dict[str, int]]:
    """Return factor to base units, dimension → power, and substance → power of a unit text.

    Products are written with ``·``, ``×``, ``*``, ``.`` or a space, divisions with ``/`` or ``per``
    from left to right, powers as ``m2``, ``m²``, ``m^2`` or ``ha-1``. A multiplier (``thousand``,
    ``triệu``, ``1000``, ``10^6``) belongs to the unit behind it. A product behind a division needs
    parentheses, because ``kg/m2·day`` is meant in two ways.

    Raises
    ------
    UnitError
        With one problem and no place.

    Examples
    --------
    >>> read_unit("kg N/ha/year")
    (1e-07, {'mass': 1, 'length': -2, 'time': -1}, {'N': 1})
    """
    if len(text) > 4 * LONGEST:
        raise _malformed(text)
    terms = _Reader(text, sao_region, hint=hint).read()
    factor, dimension = root(terms.powers)
    factor *= terms.scale
    if not 1 <= factor * LARGEST_FACTOR <= LARGEST_FACTOR**2:
        raise _malformed(text)
    return float(factor), dimension, {k: power for k, power in terms.substances.items() if power}


class _Reader:
    """Recursive descent over the tokens of one unit text."""

    def __init__(self, text: str, sao_region: str, *, hint: bool = True) -> None:
        self.text = tidy(text)
        self.hint = hint
        self.sao_region = sao_region
        self.tokens = self._split(_machine_text(self.text))
        self.at = 0

    def read(self) -> Terms:
        """Return the product the whole text says."""
        if self.tokens in ([], ["-"]):
            return Terms()
        terms = self._expression()
        if self.at < len(self.tokens):
            raise _malformed(self.text)
        return terms

    def _split(self, text: str) -> list[str]:
        if len(text) > LONGEST or not _ALLOWED.fullmatch(text):
            raise _malformed(self.text)
        tokens, at = [], 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if not match:
                raise _malformed(self.text)
            tokens.append("/" if match[1].casefold() == "per" else match[1])
            at = match.end()
        return tokens

    def _peek(self, ahead: int = 0) -> str:
        at = self.at + ahead
        return self.tokens[at] if at < len(self.tokens) else ""

    def _accept(self, token: str) -> bool:
        found = self._peek() == token
        self.at += found
        return found

    def _expression(self) -> Terms:
        terms, divided = self._term(), False
        while self._peek() not in ("", ")"):
            if self._accept("/"):
                terms, divided = self._times(terms, self._term(), -1), True
                continue
            self._accept("*")
            terms = self._times(terms, self._term())
            # Only now, so that a name of a material there is called unknown first.
            if divided:
                raise self._error("ambiguous-unit", PRODUCT_BELOW)
        return terms

    def _term(self) -> Terms:
        """Return one factor with the multipliers before it."""
        terms, binds = self._factor()
        while binds and self._peek() not in ("", "*", "/", "^", "-", ")"):
            factor, binds = self._factor()
            terms = self._times(terms, factor)
        return terms

    def _factor(self) -> tuple[Terms, bool]:
        """Return one unit, number or parenthesis with its power, and whether it multiplies."""
        if _is_number(self._peek()):
            return Terms(self._number()), True
        if _is_word(self._peek()):
            return self._unit()
        if not self._accept("("):
            raise _malformed(self.text)
        inner = self._expression()
        if not self._accept(")"):
            raise _malformed(self.text)
        return self._times(Terms(), inner, self._power()), False

    def _times(self, terms: Terms, other: Terms, power: int = 1) -> Terms:
        """Return terms × other^power; towers of powers end here, before they cost time."""
        product = terms.times(other, power)
        powers = (*product.powers.values(), *product.substances.values())
        scale = max(product.scale.numerator, product.scale.denominator)
        if scale > LARGEST_FACTOR or any(abs(power) > LARGEST_POWER for power in powers):
            raise _malformed(self.text)
        return product

    def _number(self) -> Fraction:
        """Return a power of ten: 1, 1000, 10^6."""
        digits = self._peek()
        self.at += 1
        if digits == "10" and self._accept("^"):
            return Fraction(10) ** self._integer(12)
        if digits.rstrip("0") != "1" or len(digits) > 13:
            raise _malformed(self.text)
        return Fraction(int(digits))

    def _power(self) -> int:
        if self._accept("^") or (self._peek() == "-" and _is_number(self._peek(1))):
            return self._integer(LARGEST_POWER)
        return 1

    def _integer(self, largest: int) -> int:
        sign = -1 if self._accept("-") else 1
        digits = self._peek()
        self.at += 1
        if not _is_number(digits) or int(digits) > largest:
            raise _malformed(self.text)
        return sign * int(digits)

    def _unit(self) -> tuple[Terms, bool]:
        """Return one unit with its power and substance, and whether it is a multiplier."""
        name, power, substance = self._name()
        power *= self._power()
        terms = Terms(powers=Counter({name: power}))
        if power == 1 and not substance and is_mass(name):
            substance = self._substance()
        if substance:
            terms.substances[substance] += power
        return terms, name in multipliers()

    def _name(self) -> tuple[str, int, str]:
        """Return (known unit, power written behind it, substance written behind it)."""
        phrase = self._phrase()
        if phrase:
            return phrase, 1, ""
        word = self._peek()
        self.at += 1
        name = self._resolve(word)
        if name:
            return name, 1, ""
        stem = word.rstrip("0123456789")
        name = self._resolve(stem) if stem != word else ""
        if name:
            if int(word[len(stem) :]) > LARGEST_POWER:
                raise _malformed(self.text)
            return name, int(word[len(stem) :]), ""
        for label in sorted(LABELS, key=len, reverse=True):
            if word.endswith(label) and is_mass(word.removesuffix(label)):
                return word.removesuffix(label), 1, LABELS[label]
        raise self._unknown(word)

    def _phrase(self) -> str:
        """Return the longest known name of several words at this place."""
        for count in range(LONGEST_NAME, 1, -1):
            words = self.tokens[self.at : self.at + count]
            name = find("_".join(words)) if len(words) == count else ""
            if name:
                self.at += count
                return name
        return ""

    def _resolve(self, word: str) -> str:
        """Return the known unit a single word stands for, "" when there is none."""
        key = word.casefold()
        if word in spellings():
            return word
        if key in AMBIGUOUS:
            raise self._error(
                "ambiguous-unit-name", SEVERAL_MEANINGS, name=word, readings=AMBIGUOUS[key]
            )
        return self._regional(word) if key in REGIONAL else find(word)

    def _regional(self, word: str) -> str:
        names = REGIONAL[word.casefold()]
        if self.sao_region in names:
            return names[self.sao_region]
        areas = {region: int(size(name)) for region, name in names.items()}
        message = BY_REGION if len(areas) > 1 else OF_THE_SOUTH
        raise self._error("regional-unit", message, name=word, **areas)

    def _substance(self) -> str:
        """Return the substance named behind a unit of mass, "" when there is none."""
        for count in (3, 2, 1):
            label = LABELS.get("_".join(self.tokens[self.at : self.at + count]))
            if label:
                self.at += min(count, len(self.tokens) - self.at)
                return label
        return ""

    def _unknown(self, word: str) -> UnitError:
        like = nearest(word) if self.hint else ""
        if like:
            return self._error("unknown-unit", UNKNOWN_NEAREST, name=word, nearest=like)
        return self._error("unknown-unit", UNKNOWN, name=word)

    def _error(self, code: str, message: str, **values: object) -> UnitError:
        return UnitError([Problem(code, message, {"unit": self.text, **values})])


def _malformed(text: str) -> UnitError:
    shown = tidy(text[: 4 * LONGEST])
    shown = shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…"
    return UnitError([Problem("malformed-unit", MALFORMED, {"unit": shown})])


def _machine_text(text: str) -> str:
    """Return `text` in the few signs the reader knows."""
    raised = _RAISED.sub(lambda match: "^" + match[0].translate(_EXPONENTS).lstrip("+"), text)
    text = unicodedata.normalize("NFKC", raised).translate(_SIGNS)
    text = " ".join(text.split()).replace("**", "^")
    text = re.sub(r"\bper cent\b", "%", text, flags=re.IGNORECASE)
    # A dot between day and night, or a hyphen, only joins words: m3/ngày.đêm, person-day.
    text = re.sub(r"\b(ngày) ?[.*-] ?(đêm)\b", r"\1 \2", text, flags=re.IGNORECASE)
    text = re.sub(rf"(?<=[^\W_])-(?={_LETTER})", " ", text)
    return re.sub(rf"\. ?(?={_LETTER})", "*", text)


def _is_number(token: str) -> bool:
    return token.isascii() and token.isdigit()


def _is_word(token: str) -> bool:
    return token not in ("", "*", "/", "^", "(", ")", "-") and not _is_number(token)
