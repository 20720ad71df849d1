//! The built-in pages on their way out: without what is only for who reads their source. It is
//! a fifth of them, and an old television on a slow network waits for every byte.
//!
//! Only whole lines go, and blanks before lines: what is left runs as it stands in `html/`, with
//! its line breaks. A test holds the scripts to what that asks of them.

use std::borrow::Cow;

/// A built-in file as it is sent.
pub fn slim<'a>(path: &str, file: &'a [u8]) -> Cow<'a, [u8]> {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    let (line_comment, block_comments) = match ending {
        "js" => (Some("//"), true),
        "css" => (None, true),
        "html" => (None, false),
        _ => return Cow::Borrowed(file),
    };
    let Ok(text) = std::str::from_utf8(file) else {
        return Cow::Borrowed(file);
    };
    let mut slim = String::with_capacity(text.len());
    let mut in_comment = false;
    for line in text.lines().map(str::trim) {
        if in_comment {
            in_comment = !line.ends_with("*/");
            continue;
        }
        if line.is_empty() || line_comment.is_some_and(|begin| line.starts_with(begin)) {
            continue;
        }
        if block_comments && line.starts_with("/*") {
            match line.find("*/") {
                None => {
                    in_comment = true;
                    continue;
                }
                Some(end) if end + 2 == line.len() => continue,
                Some(_) => {}
            }
        }
        slim.push_str(line);
        slim.push('\n');
    }
    Cow::Owned(slim.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::slim;

    fn check(path: &str, file: &str, expected: &str) {
        let slim = slim(path, file.as_bytes());
        assert_eq!(String::from_utf8_lossy(&slim), expected, "{path}");
    }

    #[test]
    fn comments_and_blanks_go_and_the_code_stays() {
        check(
            "a.js",
            "// Why.\nconst a = 1; // kept\n\n  /** What\n   * it is. */\n  b('// text');\n/* x */ c();\n",
            "const a = 1; // kept\nb('// text');\n/* x */ c();\n",
        );
        check(
            "a.css",
            "/* Why.\n   More. */\n\n@media print {\n  .a { color: red; } /* kept */\n}\n",
            "@media print {\n.a { color: red; } /* kept */\n}\n",
        );
        check(
            "a.html",
            "<p>\n  // a <b>b</b>\n</p>\n",
            "<p>\n// a <b>b</b>\n</p>\n",
        );
    }

    #[test]
    fn other_files_go_out_as_they_are() {
        check(
            "lang/en.json",
            "{\n  \"// a\": \"b\"\n}\n",
            "{\n  \"// a\": \"b\"\n}\n",
        );
        check(
            "favicon.svg",
            "<svg>\n  <g/>\n</svg>",
            "<svg>\n  <g/>\n</svg>",
        );
    }
}
