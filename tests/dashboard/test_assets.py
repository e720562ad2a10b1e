"""Third-party files: versions, licences, nothing from elsewhere."""

import re
from pathlib import Path

import plotly

ASSETS = Path(__file__).parents[2] / "dashboard" / "assets"
THIRD_PARTY = ASSETS / "third_party"


def test_the_small_plotly_is_of_the_version_plotly_py_brings_along() -> None:
    ours = (THIRD_PARTY / "20-plotly-cartesian.min.js").read_text("utf-8")[:400]
    theirs = (Path(plotly.__file__).parent / "package_data" / "plotly.min.js").read_text("utf-8")[:400]
    version = re.compile(r"plotly\.js(?: \(.*?\))? v(\d+\.\d+\.\d+)")
    assert version.findall(ours)
    assert version.findall(ours) == version.findall(theirs)


def test_every_third_party_file_is_in_the_notice_with_a_licence_that_is_here() -> None:
    notice = (THIRD_PARTY / "NOTICE").read_text("utf-8")
    scripts = [path for path in THIRD_PARTY.iterdir() if path.suffix in {".js", ".css"}]
    assert len(scripts) == 3
    for path in scripts:
        part = notice.split(path.name)[1].split("\n\n")[0]
        licence = re.search(r"LICENSES/[a-z-]+\.txt", part)
        assert licence
        assert (THIRD_PARTY / licence[0]).stat().st_size > 500
        if path.stat().st_size > 1_000_000:
            assert "Over 1 MB" in part


def test_our_own_files_name_no_other_host() -> None:
    for path in ASSETS.glob("*.*"):
        text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|//cdn", text), path.name


def test_every_icon_a_state_needs_is_drawn() -> None:
    from queries.states import DataState, OperationState

    drawn = (ASSETS / "20-icons.css").read_text("utf-8")
    for state in DataState:
        assert f".icon-data-{state.value} " in drawn
    for operation in OperationState:
        assert f".icon-operation-{operation.value} " in drawn
