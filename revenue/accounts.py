"""The accounts used here, after 《农村集体经济组织会计制度》 财会〔2023〕14号, with sub-accounts of our own.

Codes of the first level are three digits as in the official list; two more digits make a sub-account. The
names people read are in texts/ (``ledger.account.<code>``). A platform with other codes gets a mapping at export.
"""

from collections.abc import Mapping
from enum import Enum

CASH_AT_BANK = "10201"  # 银行存款·光伏专户
FUND_CASH = "10202"  # 银行存款·产业基金专户
DUE_FROM_GRID = "11201"  # 应收款·电费（结转机构或电网）
SUBSIDY_DUE = "11202"  # 应收款·补贴, only where subsidies are accrued
MEMBERS = "113"  # 内部往来, by person
FIXED_ASSETS = "151"
PAYABLE = "21101"  # 应付款·供应商
RETURNED_PAYMENT = "21102"  # 应付款·退回待付, by person
FUND_PAYABLE = "21103"  # 应付款·补贴与赔付, by payee
LABOUR_PAYABLE = "213"  # 应付劳务费, by person
VAT_PAYABLE = "21401"  # 应交税费·增值税
EARMARKED = "241"  # 专项应付款
RESERVE = "311"  # 公积公益金
YEAR_RESULT = "321"  # 本年收益
RETAINED = "322"  # 收益分配·光伏未分配
SALES = "50101"  # 经营收入·发电（标杆部分）
SUBSIDY_SALES = "50102"  # 经营收入·发电（补贴部分）
GRANTS = "503"  # 补助收入
OTHER_INCOME = "504"  # 其他收入: what need not be paid any more
PLANT_COSTS = "51101"  # 经营支出·运维
RENT = "51102"  # 经营支出·土地租金
INSURANCE = "51103"  # 经营支出·保险
OTHER_COSTS = "51109"  # 经营支出·其他
TAXES = "512"  # 税金及附加
ADMINISTRATION = "513"  # 管理费用
PUBLIC_POSTS = "51401"  # 公益支出·公益岗位
PUBLIC_WORKS = "51402"  # 公益支出·小型公益事业
AID = "51403"  # 公益支出·奖励补助
OTHER_SPENDING = "515"

EVERY = (
    *(FUND_CASH, FUND_PAYABLE),
    *(CASH_AT_BANK, DUE_FROM_GRID, SUBSIDY_DUE, MEMBERS, FIXED_ASSETS, PAYABLE, RETURNED_PAYMENT),
    *(LABOUR_PAYABLE, VAT_PAYABLE, EARMARKED, RESERVE, YEAR_RESULT, RETAINED, SALES, SUBSIDY_SALES, GRANTS),
    OTHER_INCOME,
    *(PLANT_COSTS, RENT, INSURANCE, OTHER_COSTS, TAXES, ADMINISTRATION, PUBLIC_POSTS, PUBLIC_WORKS, AID),
    OTHER_SPENDING,
)


class CostKind(Enum):
    """What a deduction is for."""

    OPERATION = "operation"  # 运维
    RENT = "rent"  # 土地租金
    INSURANCE = "insurance"  # 保险
    TAX = "tax"  # 税金（增值税以外）
    OTHER = "other"


COST_ACCOUNTS: Mapping[CostKind, str] = {
    CostKind.OPERATION: PLANT_COSTS,
    CostKind.RENT: RENT,
    CostKind.INSURANCE: INSURANCE,
    CostKind.TAX: TAXES,
    CostKind.OTHER: OTHER_COSTS,
}


def is_debit_side(account: str) -> bool:
    """Tell whether an account grows in debit: assets (1xx) and costs (511 to 515)."""
    return account.startswith("1") or account[:3] in {"511", "512", "513", "514", "515"}
