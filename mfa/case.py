"""A case: the inputs of one study, opened, checked, balanced, drawn and reported."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from mfa.case_path import CaseError, locate_case
from mfa.errors import (
    ConvergenceError,
    InfeasibleError,
    InputError,
    Place,
    Problem,
    has_errors,
)
from mfa.formats.inputs import (
    WORKBOOK_SUFFIXES,
    as_workbook,
    input_hashes,
    read_input,
)
from mfa.locale import N_
from mfa.model.intervention import REFERENCE
from mfa.settings import Settings

if TYPE_CHECKING:
    from mfa.account import Account
    from mfa.model.intervention import Scenario
    from mfa.model.system import System
    from mfa.sankey import SankeyImage
    from mfa.workbook.raw import RawTables

__all__ = ["Case", "CaseError", "open_case"]


def open_case(path: str | os.PathLike[str]) -> Case:
    """Open a case.

    Parameters
    ----------
    path
        A folder with ``case.toml``, a workbook (``.xlsx``, ``.xlsm``), or a folder of CSV tables.

    Raises
    ------
    FileNotFoundError
        There is no such file or folder.
    CaseError
        It is neither of the three.
    InputError
        ``case.toml`` has errors.
    """
    return Case(*locate_case(Path(path)))


class Case:
    """One study: its inputs, and what is made of them.

    Use `open_case`. Everything is read and computed when first asked for, and once.

    Attributes
    ----------
    id
        Short name: that of the folder or the workbook.
    folder
        Where the case lives.
    settings
        Input and languages.

    Examples
    --------
    >>> import tempfile
    >>> from mfa.formats.tables import write_tables
    >>> folder = tempfile.TemporaryDirectory()
    >>> _ = write_tables({"flows": [{"id": "rice", "source": "import", "target": "export"}]},
    ...                  folder.name)
    >>> case = open_case(folder.name)
    >>> list(case.system.flows)
    ['rice']
    >>> folder.cleanup()
    """

    def __init__(self, id: str, folder: Path, settings: Settings) -> None:
        self.id, self.folder, self.settings = id, folder, settings

    @property
    def input(self) -> Path:
        """The workbook, or the folder of tables."""
        return self.settings.input

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages of the report; the first is the case's own."""
        return self.settings.languages

    @property
    def is_workbook(self) -> bool:
        """Whether the input is a workbook (and not a folder of tables)."""
        return self.input.is_file()

    @cached_property
    def tables(self) -> RawTables:
        """The tables as they were read, every value with its place."""
        return read_input(self.input)

    @cached_property
    def _built(self) -> tuple[System, list[Problem]]:
        if self._by_columns:
            from mfa.formats.large import build_large

            return build_large(self.input)
        from mfa.workbook.build import build_system

        return build_system(self.tables)

    @cached_property
    def _by_columns(self) -> bool:
        """Whether the input is a folder of tables too large to be read row by row."""
        if self.is_workbook or not self.input.is_dir():
            return False
        from mfa.formats.large import is_large

        return is_large(self.input)

    @property
    def system(self) -> System:
        """The system that the tables describe, as far as they are right; see `problems`."""
        return self._built[0]

    @property
    def problems(self) -> list[Problem]:
        """Everything wrong or doubtful in the input, each with its place."""
        system, problems = self._built
        found = [*self.settings.problems, *problems]
        if has_errors(found) or system.flows or system.parameters:
            return found
        message = N_("The case is empty: it has no flow and no parameter yet. Fill in the tables.")
        return [*found, Problem("empty-case", message, {}, Place(file=self.input.name))]

    def check(self) -> list[Problem]:
        """Return `problems` and, where there is no error, what a balance of the data finds.

        That is: constants and relations that contradict each other, and observations that all
        others speak against (warnings).
        """
        problems = self.problems
        if has_errors(problems):
            return problems
        try:
            from mfa.scenarios import scenario_doubts
            from mfa.verdict import doubts

            account = self.balance()
            return problems + doubts(account) + scenario_doubts(account)
        except (InputError, InfeasibleError, ConvergenceError) as error:
            # One formula fails in every period and region alike: it is told once.
            return problems + list({problem.text(): problem for problem in error.problems}.values())

    def coarse(self, problems: Sequence[Problem]) -> list[dict[str, Any]]:
        """Return what the data alone say of every process: in, out, gap, how much is known.

        Parameters
        ----------
        problems
            From `check`. With errors among them, it is the balance of the rows without any.

        Returns
        -------
        list of dict
            See `mfa.coarse.coarse_balance`; empty when nothing could be read.
        """
        from mfa.coarse import coarse_of_case

        account = None if has_errors(problems) else self.balance()
        tables = None if self._by_columns else self.tables
        return coarse_of_case(tables, self.system, problems, account)

    def annotate(self, problems: Sequence[Problem], language: str | None = None) -> Path | None:
        """Write a copy beside the workbook in which the cells of `problems` are marked.

        Parameters
        ----------
        problems
            From `check`.
        language
            Language of the comments; default: the first of the case.

        Returns
        -------
        Path or None
            ``<name>.checked.xlsx``; None for a folder of tables, or a file that is no workbook.

        Raises
        ------
        OSError
            The copy cannot be written.
        """
        if not self.is_workbook:
            return None
        from mfa.coarse import named_balances
        from mfa.workbook.feedback import annotate

        # Whoever mends the copy itself and checks it again keeps working in the same file.
        stem = self.input.stem.removesuffix(".checked")
        copy = self.input.with_name(f"{stem}.checked{self.input.suffix}")
        try:
            chosen = language or self.languages[0]
            rows = named_balances(self.system, self.coarse(problems), chosen)
            return annotate(self.input, problems, copy, chosen, rows)
        except InputError:
            return None

    @property
    def scenarios(self) -> dict[str, Scenario]:
        """The scenarios of the case by id: each a name and its interventions."""
        return self.system.scenarios

    def balance(self, scenario: str | None = None) -> Account:
        """Balance the system and return its account, which knows the hashes of the input files.

        Parameters
        ----------
        scenario
            Id of a scenario; default (or ``"reference"``): the case as it is.

        Raises
        ------
        InputError
            The input has errors (all of them at once).
        InfeasibleError, ConvergenceError
            See `mfa.System.balance`.
        """
        account = self._account
        return account if scenario in (None, REFERENCE) else account.under(scenario)

    @cached_property
    def _account(self) -> Account:
        errors = [problem for problem in self.problems if problem.severity == "error"]
        if errors:
            raise InputError(errors)
        account = self.system.balance()
        account.inputs = input_hashes(self.input)
        return account

    def write_account(self, path: str | os.PathLike[str], scenario: str | None = None) -> Path:
        """Write the account to `path`, in the format its suffix names.

        As ``.xlsx`` it is the case's own workbook with the results beside the inputs and behind
        them (for a folder of tables, a workbook made from them); every other suffix, and the
        account of a `scenario`, as `mfa.formats.account.write_account` has it.

        Returns
        -------
        Path
            The file written.

        Raises
        ------
        InputError, InfeasibleError, ConvergenceError
            See `balance`; or the suffix is unknown.
        OSError
            The file cannot be written; what was there is left whole.
        """
        target = Path(path)
        account = self.balance(scenario)
        if target.suffix.lower() not in WORKBOOK_SUFFIXES or account.scenario:
            from mfa.formats.account import write_account

            return write_account(account, target)
        from mfa.workbook.results import write_results

        target.parent.mkdir(parents=True, exist_ok=True)
        if self.is_workbook:
            return write_results(self.input, account, self.tables, target)
        with TemporaryDirectory() as folder:
            fresh, tables = as_workbook(self.tables, Path(folder), self.languages[0])
            return write_results(fresh, account, tables, target)

    def report(
        self,
        out_dir: str | os.PathLike[str] | None = None,
        languages: Sequence[str] | None = None,
        formats: Sequence[str] | None = None,
        template: str | os.PathLike[str] | None = None,
    ) -> list[Path]:
        """Write the report and return the files written.

        Parameters
        ----------
        out_dir
            Default: ``reports/<id>`` below the current folder.
        languages
            Default: those of the case.
        formats
            Default: all of `mfa.report.FORMATS`.
        template
            A client's letterhead (.docx, .dotx) for the Word files.

        Raises
        ------
        InputError, InfeasibleError, ConvergenceError
            See `balance`; or the template is no Word document.
        ValueError
            A language or format is unknown, or there is a template but no Word file to write.
        """
        from mfa.report import FORMATS, write_report

        return write_report(
            self.balance(),
            self.default_folder if out_dir is None else Path(out_dir),
            languages=tuple(languages or self.languages),
            formats=tuple(formats or FORMATS),
            case_id=self.id,
            template=None if template is None else Path(template),
        )

    @property
    def default_folder(self) -> Path:
        """Where results go unless told otherwise."""
        return Path("reports") / self.id

    def sankey(
        self,
        view: str | None = None,
        language: str | None = None,
        *,
        scenario: str | None = None,
        **options: Any,
    ) -> SankeyImage:
        """Return the Sankey of a view of the workbook, ready to be saved or shown.

        Parameters
        ----------
        view
            Id of the view; default: the first one, or every process its own node if there is none.
        language
            Default: the first of the case.
        scenario
            As for `balance`.
        **options
            As for `mfa.sankey.draw`.

        Raises
        ------
        KeyError
            There is no such view.
        """
        account = self.balance(scenario)
        return account.sankey(self._view(view), language or self.languages[0], **options)

    def multiples(
        self, view: str | None = None, language: str | None = None, **options: Any
    ) -> SankeyImage:
        """Return the Sankeys of a view for several periods or scenarios, on one scale.

        Parameters
        ----------
        view, language
            As for `sankey`.
        **options
            As for `mfa.sankey.draw_multiples`: ``periods`` (default: all), ``size`` …; or as for
            `mfa.scenarios.draw_scenarios`: ``scenarios``, ``size`` …

        Raises
        ------
        KeyError
            There is no such view.
        """
        from mfa.sankey import draw_multiples
        from mfa.scenarios import draw_scenarios

        chosen = self._view(view)
        definition = self.system.views[chosen] if chosen is not None else None
        several = draw_scenarios if "scenarios" in options else draw_multiples
        account = self.balance(options.pop("scenario", None))
        return several(account, definition, language=language or self.languages[0], **options)

    def _view(self, view: str | None) -> str | None:
        return view if view is not None else next(iter(self.system.views), None)

    def __repr__(self) -> str:
        return f"<Case {self.id!r}: {self.input}>"
