"""Cities to report on: one with everything (and hostile names), one almost empty."""

from __future__ import annotations

from functools import cache

from mfa.account import Account
from mfa.model.system import System
from mfa.model.view import ViewGroup

SCRIPT = "<script>alert('x')</script>"
FORMULA = '=HYPERLINK("http://evil.example")'


def city(periods: tuple[str, ...] = ("2023",)) -> System:
    """Return a city with sectors, layers, stocks, waste, unknowns, views and hostile texts."""
    s = System(
        "Test city",
        unit="kt/year",
        periods=periods,
        info={
            "title_en": f"City & {SCRIPT}",
            "title_vi": "Thành phố thử nghiệm",
            "boundary_en": "The old walls",
            "boundary_vi": "Trong thành cổ",
            "description_en": "A test.",
            "description_vi": "Một bản thử.",
            "population": "people",
            "grdp": "grdp",
            "author": "A < B",
            "version": "1",
        },
    )
    s.layer("water", "m3/year", name_en="Water", name_vi="Nước")
    _processes(s)
    s.material("rice", name_en="Rice", name_vi="Gạo", mf_code="MF.1.1.1")
    s.material("stone", name_en="Stone", name_vi="Đá", mf_code="MF.3")
    s.material("waste", name_en="Waste", name_vi="Rác", mf_code="MF.6")
    s.material("gas", name_en="Gas", name_vi="Khí", mf_code="MF.7.1")
    s.source(
        "S1",
        title="Niên giám thống kê",
        url="https://example.org/a?b=1&c=2",
        year="2023",
        quote="Sản lượng: 334.747 tấn",
        type="statistics",
        confidence="high",
        publisher="GSO",
    )
    s.source(
        "S2",
        title=FORMULA,
        url="javascript:alert(1)",
        quote="=cmd|' /C calc'!A0",
        type="press",
        confidence="low",
    )
    _parameters(s)
    for period in periods:
        _flows(s, period if len(periods) > 1 else "")
    s.stock("houses", "sites", name_en="Houses", name_vi="Nhà cửa", material="stone")
    s.stock("heap", "landfill", name_en="Landfill heap", name_vi="Rác đã chôn", material="waste")
    s.relate("slag = ash * to_furnace", id="r_slag", name_en="Slag", name_vi="Xỉ", source="S1")
    s.view("all", [ViewGroup("g", ("*",), "All", "Tất cả")], name_en="Whole", name_vi="Toàn bộ")
    s.view(
        "waste",
        [ViewGroup("w", ("sector:waste",), "Waste", "Rác")],
        name_en="Waste",
        name_vi="Chất thải",
    )
    s.view(
        "w",
        [ViewGroup("g", ("*",), "All", "Tất cả")],
        layer="water",
        name_en="Water",
        name_vi="Nước",
    )
    return s


def _processes(s: System) -> None:
    rows = (
        ("fields", f"Fields {SCRIPT}", "Đồng ruộng", "agriculture"),
        ("sites", "Building sites", "Công trường", "construction"),
        ("homes", "Homes", "Hộ gia đình", "households"),
        ("lorries", FORMULA, "Thu gom rác", "waste"),
        ("furnace", "Furnace", "Lò đốt", "waste"),
        ("landfill", "Landfill", "Bãi chôn lấp", "waste"),
        ("works", "Waterworks", "Nhà máy nước", "water"),
    )
    for identifier, english, vietnamese, sector in rows:
        s.process(identifier, name_en=english, name_vi=vietnamese, sector=sector)


def _parameters(s: System) -> None:
    s.parameter(
        "people",
        unit="person",
        value=1_166_547,
        sd=0,
        name_en="Population",
        name_vi="Dân số",
        observed={"source": "S1", "year": "2023"},
    )
    s.parameter(
        "grdp",
        unit="VND/year",
        value=7e13,
        uncertainty="2 %",
        name_en="GRDP",
        name_vi="GRDP",
        observed={"source": "S1"},
    )
    s.parameter(
        "ash",
        unit="1",
        value=0.2,
        sd=0.02,
        name_en="Slag share",
        name_vi="Tỷ lệ xỉ",
        observed={"source": "assumption", "note": f"Typical {SCRIPT}"},
    )


def _flows(s: System, period: str) -> None:
    def flow(
        identifier: str,
        source: str,
        target: str,
        english: str,
        vietnamese: str,
        value: float | None = None,
        sd: float | None = None,
        **fields: object,
    ) -> None:
        scores = {
            "source": "S2",
            "year": "2021",
            "scope": "province",
            "reliability": 3,
            "temporal": 2,
        }
        s.flow(
            identifier,
            source,
            target,
            name_en=english,
            name_vi=vietnamese,
            value=value,
            sd=sd,
            observed=scores if value is not None else None,
            period=period,
            **fields,
        )

    flow("harvest", "environment", "fields", "Harvest", "Thu hoạch", 334.747, material="rice")
    flow("rice", "fields", "homes", "Rice eaten", "Gạo ăn", 330, 20, material="rice")
    flow("rice_out", "fields", "export", "Rice sold", "Gạo bán", material="rice")
    flow("stone", "environment", "sites", "Stone", "Đá", 900, 90, material="stone")
    flow("cement", "import", "sites", "Cement", "Xi măng", material="stone")
    flow("bins", "homes", "lorries", "Bins", "Rác thu gom", 250, 10, material="waste")
    flow(
        "to_furnace",
        "lorries",
        "furnace",
        "Waste burned",
        "Rác đốt",
        150,
        6,
        material="waste",
        role="energy_recovery",
    )
    flow(
        "to_landfill",
        "lorries",
        "landfill",
        "Waste buried",
        "Rác chôn",
        60,
        8,
        material="waste",
        role="landfill",
    )
    flow("slag", "furnace", "landfill", "Slag", "Xỉ", material="waste", role="landfill")
    flow("flue", "furnace", "environment", "Flue gas", "Khí thải", material="gas")
    flow("breath", "homes", "environment", "Breath", "Hơi thở", material="gas", role="balancing")
    flow(
        "tap",
        "environment",
        "works",
        "Raw water",
        "Nước thô",
        5e6,
        4e5,
        layer="water",
        unit="m3/year",
    )
    flow("lost", "works", "environment", "Leaks", "Thất thoát", layer="water", unit="m3/year")


def bare() -> System:
    """Return a case of one flow into one nameless process, without population, source or view."""
    s = System("", unit="t/year")
    s.process("shed")
    s.flow("in", "import", "shed", value=3, sd=1)
    s.stock("pile", "shed")
    return s


def town() -> System:
    """Return a made-up town: three sectors, one period, every quantity with a name and a value."""
    s = System(
        "Sông Xanh",
        unit="t/year",
        periods=("2024",),
        info={
            "title_en": "Sông Xanh, a made-up town",
            "title_vi": "Sông Xanh, một thị trấn giả định",
            "boundary_en": "The town’s territory; calendar year 2024.",
            "boundary_vi": "Địa bàn thị trấn; năm dương lịch 2024.",
        },
    )
    for identifier, english, vietnamese, sector in (
        ("farms", "Farms", "Nông hộ", "agriculture"),
        ("homes", "Homes", "Hộ gia đình", "households"),
        ("heap", "Compost yard", "Nhà ủ phân", "waste"),
    ):
        s.process(identifier, name_en=english, name_vi=vietnamese, sector=sector)
    s.material("rice", name_en="Rice", name_vi="Gạo", mf_code="MF.1.1.1")
    s.material("scraps", name_en="Scraps", name_vi="Rác hữu cơ", mf_code="MF.6")
    for identifier, source, target, english, vietnamese, more in (
        ("harvest", "environment", "farms", "Harvest", "Thu hoạch", {"value": 900, "sd": 90}),
        ("meals", "farms", "homes", "Rice eaten", "Gạo ăn", {"value": 700, "sd": 30}),
        ("sold", "farms", "export", "Rice sold", "Gạo bán", {}),
        ("scraps", "homes", "heap", "Scraps", "Rác bếp", {"value": 200, "sd": 40}),
        ("compost", "heap", "farms", "Compost", "Phân ủ", {"value": 80, "sd": 20}),
        ("breath", "homes", "environment", "Breath and sewage", "Hơi thở, nước thải", {}),
        ("rot", "heap", "environment", "Lost in rotting", "Hao hụt khi ủ", {}),
    ):
        role = {"scraps": "composting"}.get(identifier, "")
        material = "scraps" if identifier in ("scraps", "compost", "rot", "breath") else "rice"
        s.flow(identifier, source, target, name_en=english, name_vi=vietnamese,
               material=material, role=role, **more)  # fmt: skip
    return s


def crowd(flows: int = 500) -> System:
    """Return a chain of processes with many flows, all with long names."""
    s = System("Crowd", unit="t/year", periods=("2023",))
    length = max(flows // 10, 2)
    tail = "của khu vực sản xuất, chế biến và phân phối liên huyện phía tây nam thành phố"
    for n in range(length):
        s.process(
            f"p{n}",
            name_en=f"Works number {n} of the regional association for processing",
            name_vi=f"Cơ sở số {n} {tail}",
            sector=f"Ngành thử nghiệm số {n % 7}",
        )
    for n in range(flows):
        here, step = n % length, 1 + n // length
        source = "import" if step > 8 else f"p{here}"
        target = f"p{here + step}" if here + step < length else "export"
        name = f"Dòng vật chất số {n} {tail}"
        s.flow(f"f{n}", source, f"p{here}" if source == "import" else target, name_vi=name,
               name_en=f"Material flow number {n} between works that are far apart",
               value=10.0 + n % 13, uncertainty="20 %")  # fmt: skip
    return s


@cache
def city_account() -> Account:
    """Return the balanced city, once for all tests."""
    return city().balance()


@cache
def bare_account() -> Account:
    """Return the balanced bare case, once for all tests."""
    return bare().balance()
