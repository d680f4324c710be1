"""An account written to a file and read again is the same account."""

import pandas as pd
import pytest

import mfa
from mfa.errors import InputError
from mfa.formats.account import write_account
from mfa.formats.account_read import read_account_table


def city() -> mfa.System:
    s = mfa.System("thành phố", periods=["2022", "2023"])
    s.process("mill")
    s.process("market")
    s.flow("lúa_vào", "import", "mill", material="lúa", unit="kt/year")
    for period, value in (("2022", 100.1), ("2023", 1 / 3)):
        s.observe("lúa_vào", value, sd=5, period=period)
    s.flow("gạo", "mill", "market", value=42, sd=2, period="2023")
    s.flow("trấu", "mill", "export")
    s.flow("free_in", "import", "market")
    s.flow("free_out", "market", "export")
    s.parameter("dân số", value=1_166_547, sd=0, unit="person")
    return s


@pytest.fixture(scope="module")
def account() -> mfa.Account:
    return city().balance()


def exactly(read: pd.DataFrame, account: mfa.Account) -> None:
    wanted = account.table
    assert wanted["upper"].max() == float("inf")
    assert wanted["value"].isna().any()
    pd.testing.assert_frame_equal(read, wanted, check_exact=True)


@pytest.mark.parametrize("suffix", [".csv", ".json", ".nc", ".parquet"])
def test_nothing_is_lost(account, tmp_path, suffix):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    exactly(mfa.read_account_table(write_account(account, tmp_path / f"a{suffix}")), account)


def test_a_workbook_keeps_sixteen_digits(account, tmp_path):
    read = mfa.read_account_table(account.to_excel(tmp_path / "a.xlsx"))
    pd.testing.assert_frame_equal(read, account.table, rtol=1e-15, check_dtype=False)


def test_the_users_own_workbook_holds_the_account_exactly(tmp_path):
    from mfa.workbook.template import write_template
    from tests.workbook.books import SMALL

    case = mfa.open_case(write_template(tmp_path / "in.xlsx", "vi", SMALL))
    read = mfa.read_account_table(case.write_account(tmp_path / "out.xlsx"))
    pd.testing.assert_frame_equal(read, case.balance().table, check_exact=True)


def test_a_folder_of_three_tables(account, tmp_path):
    names = [path.name for path in account.to_csv(tmp_path / "out")]
    assert names == ["quantities.csv", "observations.csv", "balances.csv"]
    exactly(mfa.read_account_table(tmp_path / "out"), account)


def test_one_file(account, tmp_path):
    assert account.to_csv(tmp_path / "a.csv") == [tmp_path / "a.csv"]
    assert account.to_netcdf(tmp_path / "a.nc").exists()


def test_another_suffix_is_refused(account, tmp_path):
    with pytest.raises(ValueError, match=r"ending in \.xlsx"):
        account.to_excel(tmp_path / "a.csv")
    with pytest.raises(mfa.InputError, match=r"a\.ods"):
        mfa.read_account_table(tmp_path / "a.ods")


def test_without_pyarrow_the_extra_is_named(account, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(mfa.InputError, match=r"city-mfa\[parquet\]"):
        account.to_parquet(tmp_path / "a.parquet")


@pytest.mark.parametrize("suffix", [".csv", ".json", ".nc", ".parquet", ".xlsx"])
@pytest.mark.parametrize("content", [b"", b"{}", b"a,b\n1,2\n", b"PK\x03\x04", b"\xff" * 50])
def test_what_holds_no_account_says_so(tmp_path, suffix, content):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    with pytest.raises(mfa.InputError) as refusal:
        mfa.read_account_table(path)
    assert refusal.value.problems[0].place.file == path.name


def test_a_missing_file_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        mfa.read_account_table(tmp_path / "none.csv")


def test_a_dataset_written_as_netcdf_4_is_read(account, tmp_path, monkeypatch):
    (tmp_path / "a.nc").write_bytes(b"\x89HDF\r\n\x1a\n")
    with monkeypatch.context() as patched:
        patched.setattr("importlib.util.find_spec", lambda name: None)
        with pytest.raises(InputError, match="pip install netCDF4"):
            read_account_table(tmp_path / "a.nc")
    pytest.importorskip("netCDF4")
    with pytest.raises(InputError, match="holds no account"):
        read_account_table(tmp_path / "a.nc")
    account.dataset.to_netcdf(tmp_path / "b.nc", engine="netcdf4")
    pd.testing.assert_frame_equal(read_account_table(tmp_path / "b.nc"), account.table)


def test_files_that_would_fill_the_memory(account, tmp_path):
    """Dimensions multiply, a device never ends, and a million columns hold no account."""
    import numpy as np
    import xarray as xr

    many = {name: (name, np.zeros(30_000)) for name in ("quantity", "period", "region")}
    xr.Dataset(many).to_netcdf(tmp_path / "a.nc", engine="scipy")
    wide = ",".join(f"c{number}" for number in range(100_000))
    (tmp_path / "b.csv").write_text(f"id,kind,{wide}\n")
    (tmp_path / "c.json").write_text(f'{{"quantities": [{{"id": "x", {"[" * 50_000}')
    for name in ("a.nc", "b.csv", "c.json"):
        with pytest.raises(InputError, match="holds no account"):
            read_account_table(tmp_path / name)
    for suffix in ("nc", "csv", "json", "parquet", "xlsx"):
        (tmp_path / f"z.{suffix}").symlink_to("/dev/zero")
        with pytest.raises(InputError, match="a device or a pipe"):
            read_account_table(tmp_path / f"z.{suffix}")
