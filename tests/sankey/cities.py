"""Synthetic cities: one like Huế with long Vietnamese names and loops, and random ones."""

import math
import random

from mfa.sankey import Category, SankeyGraph, SankeyLink, SankeyNode

NAMES = {
    "nong": "Trồng trọt và chế biến lúa gạo",
    "chan": "Chăn nuôi và giết mổ gia súc, gia cầm",
    "thuy": "Nuôi trồng và khai thác thủy sản",
    "rung": "Lâm nghiệp và chế biến dăm gỗ",
    "mo": "Khai thác đá, đất sét và cát sỏi",
    "xm": "Sản xuất xi măng và vật liệu xây dựng",
    "xd": "Xây dựng nhà ở và hạ tầng",
    "det": "Dệt may",
    "bia": "Sản xuất bia, nước giải khát",
    "cn": "Công nghiệp khác (frit, nhôm, nhựa)",
    "tm": "Thương mại, dịch vụ và du lịch",
    "hgd": "Hộ gia đình",
    "nl": "Năng lượng",
    "nuoc": "Cấp nước sạch",
    "thu": "Thu gom chất thải rắn sinh hoạt",
    "ve": "Thu mua phế liệu (khu vực phi chính thức)",
    "dot": "Nhà máy đốt rác phát điện Phú Sơn",
    "chon": "Bãi chôn lấp Thủy Phương",
    "u": "Ủ phân hữu cơ",
}
CATEGORIES = {
    "bio": Category("Sinh khối", "#117733"),
    "khoang": Category("Khoáng phi kim", "#ddcc77"),
    "hoa": Category("Nhiên liệu hóa thạch", "#332288"),
    "nuoc": Category("Nước", "#88ccee"),
    "thai": Category("Chất thải", "#882255"),
    "sp": Category("Sản phẩm hỗn hợp", "#cc6677"),
}
FLOWS = """
env nong 812 bio, env rung 690 bio, env mo 2650 khoang, env thuy 38 bio, import chan 96 bio,
import nong 24 sp, import xm 310 khoang, import xm 240 hoa, import nl 420 hoa, import det 32 sp,
import bia 41 bio, import cn 130 sp, import tm 260 sp, import xd 95 sp, nong tm 212 bio,
nong chan 88 bio, nong export 121 bio, nong env 290 bio, chan tm 61 bio, chan nong 104 thai,
thuy tm 31 bio, thuy export 9 bio, rung export 560 bio, rung nl 58 bio, rung xd 41 bio,
mo xm 2210 khoang, mo xd 430 khoang, xm export 980 khoang, xm xd 910 khoang, xm env 720 hoa,
xd chon 88 thai, xd xm 36 thai, det export 24 sp, det thu 6 thai, bia tm 74 sp, bia chan 13 thai,
cn export 88 sp, cn xd 21 sp, tm hgd 388 sp, tm thu 62 thai, tm ve 11 thai, nl hgd 96 hoa,
nl tm 72 hoa, nl env 310 hoa, hgd thu 151 thai, hgd ve 22 thai, hgd env 190 thai, hgd chan 18 thai,
thu dot 160 thai, thu chon 49 thai, thu u 9 thai, ve cn 27 thai, ve export 6 thai,
dot env 118 thai, dot chon 34 thai, dot xm 8 thai, u nong 5 thai, chon env 14 thai, nong nong 42 bio
"""
TERMS = (
    "thu gom, xử lý, chế biến, nhà máy, khu vực, sản xuất, dịch vụ, hộ gia đình, thị trường, kho, "
    "phân phối, bãi, nông nghiệp, công nghiệp, tái chế, nước thải, điện, rác, đốt, ủ"
)
ENDS = (
    SankeyNode("import", "Nhập vào thành phố", "import"),
    SankeyNode("export", "Xuất ra ngoài", "export"),
    SankeyNode("env", "Môi trường tự nhiên", "environment"),
)


def hue_like(language="vi", **fields):
    """Twenty processes, 61 flows with loops, a self-loop, stocks, and two flows without a value."""
    stocks = {"xd": 1280.0, "hgd": 31.0, "chon": 157.0, "rung": -12.0}
    nodes = [*ENDS]
    for key, title in NAMES.items():
        nodes.append(SankeyNode(key, title, stock_change=stocks.get(key), stock_sd=5.0))
    links = []
    for number, row in enumerate(FLOWS.replace("\n", " ").split(",")):
        source, target, value, category = row.split()
        size = float(value)
        links.append(
            SankeyLink(
                f"l{number}",
                source,
                target,
                size,
                0.08 * size,
                0.84 * size,
                1.16 * size,
                category=category,
                flows=(f"f{number}",),
            )
        )
    nothing = {"value": math.nan, "status": "free"}
    links.append(
        SankeyLink("w1", "nuoc", "hgd", **nothing, lower=0.0, upper=math.inf, category="nuoc")
    )
    links.append(SankeyLink("w2", "thu", "env", **nothing, lower=30.0, upper=60.0, category="thai"))
    fields = {"subtitle": "Ranh giới: thành phố Huế", "note": "Số liệu giả định."} | fields
    return SankeyGraph(
        "Dòng vật chất của thành phố Huế, năm 2023",
        tuple(nodes),
        tuple(links),
        "kt/year",
        CATEGORIES,
        language,
        **fields,
    )


def random_city(processes, flows, seed=1):
    """A city of so many processes and flows, mostly running on, one in ten back."""
    dice, words = random.Random(seed), TERMS.split(", ")
    nodes = [*ENDS]
    for number in range(processes):
        title = " ".join(dice.choice(words) for _ in range(dice.randint(1, 4))).capitalize()
        nodes.append(SankeyNode(f"p{number}", title))
    seen, links = set(), []
    while len(links) < flows:
        first = dice.randrange(processes)
        second = min(processes - 1, max(0, first + int(dice.gauss(3, 4))))
        kind = dice.random()
        source, target = f"p{first}", f"p{second}"
        if kind < 0.12:
            source, target = ("import" if kind < 0.08 else "env"), f"p{first // 2}"
        elif kind < 0.26:
            target = "export" if kind < 0.18 else "env"
        category = dice.choice(list(CATEGORIES))
        value = math.exp(dice.gauss(3, 1.3))
        if (source, target, category) not in seen:
            seen.add((source, target, category))
            name = f"l{len(links)}"
            links.append(SankeyLink(name, source, target, value, 0.1 * value, category=category))
    used = {end for link in links for end in (link.source, link.target)}
    return SankeyGraph(
        f"Thành phố thử nghiệm: {processes} quá trình, {flows} dòng",
        tuple(node for node in nodes if node.id in used),
        tuple(links),
        "kt/year",
        CATEGORIES,
        "vi",
    )
