"""The command `mfa convert`: from one format to another, and what was lost on the way."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mfa.cli_errors import SPEAKS, environment_language, spoken, wrong
from mfa.cli_help import Command
from mfa.cli_options import OneOf, json_option, language_option
from mfa.cli_text import say_json, step
from mfa.locale import translator

if TYPE_CHECKING:
    from mfa.case import Case
    from mfa.convert import Conversion
    from mfa.formats.converted import Loss


def _written_formats() -> tuple[str, ...]:
    from mfa.formats import FORMATS

    return tuple(found.name for found in FORMATS.values() if found.takes)


@click.command(cls=Command)
@click.argument("source", metavar="IN")
@click.argument("target", metavar="OUT")
@click.option("--to", type=OneOf(_written_formats), help="Format of OUT (default: by its name).")
@click.option("--unit", metavar="UNIT", help="Unit of the numbers of IN, where it names none.")
@click.option("--view", metavar="VIEW", help="Groups and colours of a view, for SankeyMATIC.")
@click.option("--layer", metavar="LAYER", help="Which layer to write (default: goods).")
@click.option("--period", metavar="PERIOD", help="Which period, where only one is written or read.")
@click.option("--region", metavar="REGION", help="Which region, where only one is written or read.")
@language_option("Language of headers, names and messages.")
@click.option("--structure", is_flag=True, help="Leave out all numbers and sources.")
@click.option("--force", is_flag=True, help="Replace what is there already.")
@json_option
def convert(
    source: str,
    target: str,
    to: str | None,
    unit: str | None,
    view: str | None,
    layer: str | None,
    period: str | None,
    region: str | None,
    language: str | None,
    structure: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Turn a case, or a file of another tool, into another format.

    IN is a case, a list of links, or a file of SankeyMATIC, OpenSankey, STAN, Eurostat or the
    International Resource Panel. OUT is a workbook (.xlsx), a folder of CSV tables, SankeyMATIC
    text (.txt), OpenSankey JSON (.json) or a list of flows (.csv); diagrams and lists hold balanced
    values. What was not carried over is listed.
    """
    from mfa.convert import convert as run
    from mfa.formats.converted import ReadOptions, WriteOptions

    _check(target, to or "", unit or "", view or "", structure)
    meta = click.get_current_context().meta
    chosen = meta.get(SPEAKS)
    with step(translator(spoken())("Converting…")):
        done = run(
            source,
            target,
            to=to or "",
            language=language,
            overwrite=force,
            only_structure=structure,
            view=view or "",
            reading=ReadOptions(unit or "", region or "", period or ""),
            writing=WriteOptions("", layer or "", period or "", region or ""),
        )
    meta[SPEAKS] = chosen or environment_language() or done.language
    if as_json:
        say_json(_record(done, spoken()))
    else:
        click.echo("\n".join(_lines(done, spoken())))


def say_view(
    case: Case, path: Path, view: str | None, period: str | None, region: str | None
) -> None:
    """Write a view of a case as SankeyMATIC text and print what the text cannot hold."""
    from mfa.convert import Conversion, write_view
    from mfa.formats.converted import WriteOptions

    options = WriteOptions(spoken(), "", period or "", region or "")
    with step(translator(spoken())("Converting…")):
        written = write_view(case.balance(), path, view, options)
    click.echo("\n".join(_lines(Conversion(written.paths, written.losses), spoken())))


def _check(target: str, to: str, unit: str, view: str, structure: bool) -> None:
    """Refuse what cannot be written before anything is read."""
    from mfa.convert import VIEWED, target_format
    from mfa.errors import UnitError
    from mfa.units import parse_unit

    _ = translator(spoken())
    try:
        found = target_format(target, to)
    except ValueError as error:
        message = _(
            "“{name}” is neither a workbook (.xlsx) nor a folder, nor a file of a format that can "
            "be written: {formats}. Choose one with --to, or another name.",
            name=Path(target).name,
            formats=", ".join(_written_formats()),
        )
        raise wrong(message) from error
    if structure and found.takes != "tables":
        raise wrong(_("--structure is for workbooks and tables of mfa only."))
    if view and found.name != VIEWED:
        raise wrong(_("--view is for SankeyMATIC only."))
    try:
        parse_unit(unit)
    except UnitError as error:
        raise wrong(error.text(spoken())) from error


def _lines(done: Conversion, language: str) -> list[str]:
    """Return what is printed: the files, what was lost, what was assumed."""
    _ = translator(language)
    lines = [_("Written: {path}", path=path) for path in done.paths]
    lost = [loss for loss in done.losses if not loss.assumed]
    assumed = [loss for loss in done.losses if loss.assumed]
    for title, found in ((_("Not carried over"), lost), (_("Assumed"), assumed)):
        if found:
            lines += ["", click.style(title, bold=True)]
            lines += [f"  – {loss.text(language)}" for loss in found]
    return lines if done.losses else [*lines, _("Everything was carried over.")]


def _record(done: Conversion, language: str) -> dict[str, Any]:
    """Return the same for programs."""
    return {
        "written": [str(path) for path in done.paths],
        "lost": [_loss(x, language) for x in done.losses if not x.assumed],
        "assumed": [_loss(x, language) for x in done.losses if x.assumed],
    }


def _loss(loss: Loss, language: str) -> dict[str, Any]:
    place = str(loss.place) if loss.place else ""
    return {"code": loss.code, "place": place, "message": loss.sentence(language)}
