"""Alerts that no rule judges from data: what people must look after so that the program can go on.

They live in the same store, have names in the same texts and are told by the same routes; the engine leaves
them alone.
"""

PLAN_RUNS_OUT = "M01"
PLAN_ENDS = "M02"
RESTORE_FAILED = "M03"
UPKEEP = frozenset({PLAN_RUNS_OUT, PLAN_ENDS, RESTORE_FAILED})
