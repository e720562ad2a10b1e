"""Invented villages: 124 of today, some names in several towns on purpose, and a few that merged, split or were renamed."""

from datetime import date

from main.registry.emit import row
from main.registry.records import BOX, DISTRICT, TOWN, VILLAGE, VILLAGE_EVENT, VILLAGES, Row
from tools.sample.towns import TOWNS, SampleTown

# 29 names for 124 villages: town after town walks through the list, so names repeat across towns, never in one.
_NAMES = (
    ("东沟村", "Donggou"),
    ("西沟村", "Xigou"),
    ("上河村", "Shanghe"),
    ("下河村", "Xiahe"),
    ("柳树坪村", "Liushuping"),
    ("石门村", "Shimen"),
    ("松树湾村", "Songshuwan"),
    ("核桃坡村", "Hetaopo"),
    ("南坪村", "Nanping"),
    ("北岭村", "Beiling"),
    ("双泉村", "Shuangquan"),
    ("青石沟村", "Qingshigou"),
    ("板栗园村", "Banliyuan"),
    ("桃花岭村", "Taohualing"),
    ("红岩村", "Hongyan"),
    ("龙泉村", "Longquan"),
    ("前坡村", "Qianpo"),
    ("后坡村", "Houpo"),
    ("中塬村", "Zhongyuan"),
    ("竹园村", "Zhuyuan"),
    ("杨家湾村", "Yangjiawan"),
    ("药王坪村", "Yaowangping"),
    ("连翘坡村", "Lianqiaopo"),
    ("菇园村", "Guyuan"),
    ("槐树底村", "Huaishudi"),
    ("白云村", "Baiyun"),
    ("清水河村", "Qingshuihe"),
    ("砚池村", "Yanchi"),
    ("平安村", "Ping'an"),
)
_FIRST_DAY = date(2010, 1, 1)
MERGED_ON, SPLIT_ON, RENAMED_ON = date(2019, 12, 1), date(2021, 7, 1), date(2022, 9, 1)


def village_id(town: SampleTown, number: int) -> str:
    """Return the 12-digit code of a town's village; 201 is the first one, as in real codes."""
    return f"{town.town_id}{200 + number}"


def villages_of(town: SampleTown) -> list[str]:
    """Return the codes of a town's villages of today."""
    return [village_id(town, number) for number in range(1, town.villages + 1)]


# Villages that are no more, per town: (number, name, name in English). Their successors are villages of today.
_FORMER = {
    "yecun": ((91, "马家山村", "Majiashan"),),
    "dajing": ((91, "二道河村", "Erdaohe"), (92, "庙岭村", "Miaoling")),
    "yaoshi": ((91, "大塬村", "Dayuan"),),
    "banqiao": ((91, "老庄村", "Laozhuang"),),
}


def _event(on: date, change: str, town: str, gone: tuple[int, ...], to: tuple[int, ...]) -> Row:
    place = next(one for one in TOWNS if one.slug == town)
    words = {"merged": "合并", "split": "分设", "renamed": "更名"}[change]
    return row(
        {
            "date": on,
            "change": change,
            "from": tuple(village_id(place, number) for number in gone),
            "to": tuple(village_id(place, number) for number in to),
            "source": f"样例批复 村{words} {on.isoformat()}",
        },
        VILLAGE_EVENT,
    )


def _events() -> tuple[Row, ...]:
    return (
        _event(MERGED_ON, "merged", "yecun", (91, 9), (9,)),
        _event(MERGED_ON, "merged", "dajing", (91, 92), (12,)),
        _event(SPLIT_ON, "split", "yaoshi", (91,), (9, 10)),
        _event(RENAMED_ON, "renamed", "banqiao", (91,), (8,)),
    )


_BORN = {"dajing": {12: MERGED_ON}, "yaoshi": {9: SPLIT_ON, 10: SPLIT_ON}, "banqiao": {8: RENAMED_ON}}


def _town_villages(position: int, town: SampleTown) -> list[Row]:
    rows = []
    names = [(n, *_NAMES[(position * 7 + n * 3) % len(_NAMES)]) for n in range(1, town.villages + 1)]
    for number, name, name_en in (*names, *_FORMER.get(town.slug, ())):
        rows.append(
            row(
                {
                    "id": village_id(town, number),
                    "name": name,
                    "name_en": name_en,
                    "town": town.town_id,
                    "valid_from": _BORN.get(town.slug, {}).get(number, _FIRST_DAY),
                },
                VILLAGE,
            )
        )
    return rows


def make_villages() -> Row:
    """Return the record of `villages.yaml`."""
    rows = [one for position, town in enumerate(TOWNS) for one in _town_villages(position, town)]
    return row({"villages": tuple(rows), "events": _events()}, VILLAGES)


def make_district() -> Row:
    """Return the record of `district.yaml`."""
    towns = tuple(
        row(
            {
                "id": town.town_id,
                "name": town.name,
                "name_en": town.name_en,
                "latitude": town.latitude,
                "longitude": town.longitude,
            },
            TOWN,
        )
        for town in TOWNS
    )
    box = row({"south": 33.55, "north": 34.25, "west": 109.45, "east": 110.3}, BOX)
    return row(
        {
            "name": "商州区",
            "name_en": "Shangzhou",
            "division_code": "611002",
            "sample": True,
            "box": box,
            "towns": towns,
        },
        DISTRICT,
    )
