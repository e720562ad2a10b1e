"""The 18 towns and sub-districts with rough places, and how many plants and villages the sample gives each."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SampleTown:
    """A town: division code, names, rough place, and the sample's numbers of plants and villages."""

    town_id: str
    slug: str
    name: str
    name_en: str
    latitude: float
    longitude: float
    altitude_m: int
    plants: int
    villages: int


_ROWS = (
    ("001", "chengguan", "城关街道", "Chengguan", 33.87, 109.94, 710, 1, 3),
    ("002", "dazhaoyu", "大赵峪街道", "Dazhaoyu", 33.88, 109.96, 720, 2, 4),
    ("003", "chenyuan", "陈塬街道", "Chenyuan", 33.88, 109.90, 740, 2, 5),
    ("004", "liuwan", "刘湾街道", "Liuwan", 33.85, 109.97, 700, 2, 4),
    ("100", "yecun", "夜村镇", "Yecun", 33.76, 110.13, 620, 5, 9),
    ("101", "shahezi", "沙河子镇", "Shahezi", 33.81, 110.04, 660, 4, 8),
    ("102", "yangyuhe", "杨峪河镇", "Yangyuhe", 33.82, 109.91, 760, 4, 8),
    ("103", "jinlingsi", "金陵寺镇", "Jinlingsi", 33.81, 109.80, 850, 3, 7),
    ("104", "heishan", "黑山镇", "Heishan", 33.75, 109.68, 980, 3, 6),
    ("105", "dajing", "大荆镇", "Dajing", 34.058, 109.866, 900, 6, 12),
    ("106", "yaoshi", "腰市镇", "Yaoshi", 34.03, 109.98, 880, 5, 10),
    ("107", "banqiao", "板桥镇", "Banqiao", 33.96, 109.94, 800, 4, 8),
    ("108", "beikuanping", "北宽坪镇", "Beikuanping", 33.67, 110.10, 690, 4, 8),
    ("109", "sanchahe", "三岔河镇", "Sanchahe", 33.98, 109.75, 950, 3, 7),
    ("110", "yancun", "闫村镇", "Yancun", 33.70, 109.98, 730, 3, 6),
    ("111", "majie", "麻街镇", "Majie", 33.89, 109.78, 860, 3, 6),
    ("112", "muhuguan", "牧护关镇", "Muhuguan", 33.96, 109.59, 1150, 3, 6),
    ("113", "yangxie", "杨斜镇", "Yangxie", 33.72, 109.72, 920, 3, 7),
)
TOWNS = tuple(SampleTown(f"611002{row[0]}", *row[1:]) for row in _ROWS)
