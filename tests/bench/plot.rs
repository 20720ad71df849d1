//! Bars in groups, as an SVG that needs nothing else.

use std::fmt::Write;

/// Bars that stand together.
pub struct Group {
    pub label: String,
    /// The label below each bar, and its figure.
    pub bars: Vec<(String, f64)>,
}

const BAR: usize = 56;
const GAP: usize = 14;
const HEIGHT: f64 = 240.0;
const TOP: f64 = 70.0;

pub fn bars(title: &str, groups: &[Group], number: impl Fn(f64) -> String) -> String {
    let figures = groups.iter().flat_map(|group| &group.bars);
    let largest = figures.map(|(_, figure)| *figure).fold(1.0, f64::max);
    let mut body = String::new();
    let mut left = GAP * 2;
    let floor = TOP + HEIGHT;
    for group in groups {
        let begin = left;
        for (label, figure) in &group.bars {
            let height = HEIGHT * figure / largest;
            let (middle, top) = (left + BAR / 2, floor - height);
            let figure = number(*figure);
            let _ = writeln!(
                body,
                r##"<rect x="{left}" y="{top:.0}" width="{BAR}" height="{height:.0}" fill="#2f6f9f"/>
<text x="{middle}" y="{:.0}">{figure}</text>
<text x="{middle}" y="{:.0}">{label}</text>"##,
                top - 6.0,
                floor + 18.0
            );
            left += BAR + GAP;
        }
        let middle = (begin + left - GAP) / 2;
        let _ = writeln!(
            body,
            r#"<text x="{middle}" y="{:.0}" font-weight="bold">{}</text>"#,
            floor + 40.0,
            group.label
        );
        left += GAP * 3;
    }
    let (width, height) = (left.max(620), floor + 60.0);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:.0}" font-family="sans-serif" font-size="13" text-anchor="middle">
<rect width="100%" height="100%" fill="#fff"/>
<text x="{}" y="30" text-anchor="start" font-size="15">{title}</text>
{body}</svg>
"##,
        GAP * 2
    )
}
