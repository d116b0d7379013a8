"""The functions that write SVG."""

from markupsafe import Markup

from vallum.report import svg
from vallum.report.svg import el


def test_text_and_attributes_are_escaped() -> None:
    drawn = el("text", "<b>&", title='a"b<c', data_x=1.0)
    assert drawn == '<text title="a&#34;b&lt;c" data-x="1">&lt;b&gt;&amp;</text>'


def test_markup_is_kept_and_none_is_left_out() -> None:
    assert el("g", el("rect", x=None, width="10%"), None) == '<g><rect width="10%"/></g>'
    assert el("text", "a", class_="tick") == '<text class="tick">a</text>'


def test_numbers_are_short() -> None:
    assert svg.pct(1 / 3) == "33.33%"
    assert el("line", x1=float("nan"), y1=2.0) == '<line x1="0" y1="2"/>'


def test_ticks_cover_and_are_round() -> None:
    assert svg.ticks(0, 24.1) == [0, 10, 20, 30]
    assert svg.ticks(-54, 689, 3)[0] <= -54
    assert svg.ticks(5, 5) == [5]
    for top in (0.003, 0.7, 19, 1234, 8e6):
        found = svg.ticks(0, top)
        assert found[0] == 0
        assert found[-1] >= top
        assert len(found) <= 7


def test_a_chart_is_named_for_screen_readers() -> None:
    drawn = svg.chart("k", "A & B", "what it says", 40, el("rect"))
    assert 'role="img" aria-labelledby="k-t k-d"' in drawn
    assert '<title id="k-t">A &amp; B</title><desc id="k-d">what it says</desc>' in drawn


def test_curves_scale_with_the_width_only() -> None:
    assert svg.polyline([(0, 1), (0.5, 2)], "line-alone") == '<path d="M0 1L500 2" class="curve line-alone"/>'
    assert 'preserveAspectRatio="none"' in svg.stretched(10, Markup(""))
