//! The built-in pages on their way out: without what is only for who reads their source, comments
//! and blanks. It is a third of them, and an old television on a slow network waits for every byte.
//!
//! No order changes, no name but those that a script declares for itself (`names.rs`), a class's own (`_so`, which
//! no other file uses) and some of those in styles (`--space-4`, which no script uses), and a line break
//! goes only where it cannot end a statement: what is sent is the same program. A test in the
//! browser's language reads both and compares them.

use std::borrow::Cow;
use std::collections::BTreeMap;

mod names;

/// How some names begin in styles, and how they begin as they are sent: there are more than a hundred
/// of them on a page.
pub(super) const NAMES: [(&str, &str); 4] = [
    ("--ink-soft", "--i"),
    ("--space-", "--s"),
    ("--text-", "--t"),
    ("--round-small", "--r"),
];

/// A built-in file as it is sent.
pub fn slim<'a>(path: &str, file: &'a [u8]) -> Cow<'a, [u8]> {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    let (Ok(text), "js" | "css" | "html") = (std::str::from_utf8(file), ending) else {
        return Cow::Borrowed(file);
    };
    let slim = match ending {
        "js" => names::shorten(&Slimmer::new(text, true).script()),
        "css" => Slimmer::new(text, false).style(),
        _ => {
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            lines.map(|line| format!("{line}\n")).collect()
        }
    };
    Cow::Owned(slim.into_bytes())
}

/// One file, read from its beginning.
struct Slimmer<'a> {
    rest: &'a str,
    slim: String,
    /// What stands between the last piece and the next: nothing, a blank or a line break.
    between: Option<char>,
    /// Names that begin with `_`, each with the number that it is sent by.
    own: BTreeMap<&'a str, usize>,
    /// Whether `//` begins a comment.
    line_comments: bool,
}

impl<'a> Slimmer<'a> {
    fn new(text: &'a str, line_comments: bool) -> Self {
        Self {
            rest: text,
            slim: String::with_capacity(text.len()),
            between: None,
            own: BTreeMap::new(),
            line_comments,
        }
    }

    /// A script: pieces with as little between them as leaves them apart.
    fn script(mut self) -> String {
        while let Some(next) = self.skip() {
            let last = self.slim.chars().next_back().unwrap_or(';');
            match self.between.take() {
                // A statement cannot end after these, nor before those.
                Some('\n') if !"{;,([=&|?:+*<>".contains(last) && !"}])".contains(next) => {
                    self.slim.push('\n');
                }
                Some(_) if is_word(last) && is_word(next) => self.slim.push(' '),
                Some(_) if "+-/".contains(last) && "+-/".contains(next) => self.slim.push(' '),
                _ => {}
            }
            let length = match next {
                '"' | '\'' | '`' => text_length(self.rest, next),
                '/' if pattern_begins(last) => pattern_length(self.rest),
                '_' if !self.slim.ends_with(is_word) => {
                    self.own_name();
                    continue;
                }
                _ => next.len_utf8(),
            };
            self.take(length);
        }
        self.slim
    }

    /// A name that is a file's own goes out by its number in the file.
    fn own_name(&mut self) {
        let end = self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        let number = self.own.len();
        let number = self.own.entry(name).or_insert(number);
        self.slim.push_str(&format!("_{number}"));
        self.rest = rest;
    }

    /// A style: a blank only where one may mean something.
    fn style(mut self) -> String {
        while let Some(next) = self.skip() {
            let last = self.slim.chars().next_back().unwrap_or(';');
            if self.between.take().is_some() && !"{};,:".contains(last) && !"{};,".contains(next) {
                self.slim.push(' ');
            }
            if next == '}' && last == ';' {
                self.slim.pop();
            }
            let long = NAMES.iter().find(|(long, _)| self.rest.starts_with(long));
            if let Some((long, short)) = long {
                self.slim.push_str(short);
                self.rest = &self.rest[long.len()..];
                continue;
            }
            let length = match next {
                '"' | '\'' => text_length(self.rest, next),
                _ => next.len_utf8(),
            };
            self.take(length);
        }
        self.slim
    }

    /// Goes past blanks and comments; the character after them, `None` at the end.
    fn skip(&mut self) -> Option<char> {
        loop {
            let next = self.rest.chars().next()?;
            let length = if next.is_whitespace() {
                let broken = next == '\n' || self.between == Some('\n');
                self.between = Some(if broken { '\n' } else { ' ' });
                next.len_utf8()
            } else if self.line_comments && self.rest.starts_with("//") {
                self.rest.find('\n').unwrap_or(self.rest.len())
            } else if self.rest.starts_with("/*") {
                self.between = self.between.or(Some(' '));
                self.rest.find("*/").map_or(self.rest.len(), |end| end + 2)
            } else {
                return Some(next);
            };
            self.rest = &self.rest[length..];
        }
    }

    fn take(&mut self, length: usize) {
        let (piece, rest) = self.rest.split_at(length);
        self.slim.push_str(piece);
        self.rest = rest;
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || "_$".contains(c)
}

/// The length of a text that begins and ends with `quote`.
fn text_length(text: &str, quote: char) -> usize {
    ends_at(text, |c, _| c == quote)
}

/// Whether a slash after `last` begins a regular expression.
fn pattern_begins(last: char) -> bool {
    "(,=:[!&|?{};+-*%~^<>\n".contains(last)
}

/// The length of a regular expression; a slash among its alternatives for one character is one.
fn pattern_length(text: &str) -> usize {
    ends_at(text, |c, in_class| c == '/' && !in_class)
}

fn ends_at(text: &str, is_end: impl Fn(char, bool) -> bool) -> usize {
    let mut in_class = false;
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if is_end(c, in_class) => return at + c.len_utf8(),
            '[' => in_class = true,
            ']' => in_class = false,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::slim;

    fn check(path: &str, file: &str, expected: &str) {
        let slim = slim(path, file.as_bytes());
        assert_eq!(String::from_utf8_lossy(&slim), expected, "{path}");
    }

    #[test]
    fn a_script_loses_its_comments_and_blanks_and_nothing_else() {
        let rows = [
            ("// Why.\nconst a = 1; // what\n\nb()\n", "const a=1;b()"),
            ("/** What\n * it is. */\nf('// a  b');\n", "f('// a  b');"),
            ("a = b\n(c)\n", "a=b\n(c)"),
            ("return\n// why\nx", "return\nx"),
            ("if (a) {\n  b()\n}\nc()", "if(a){b()}\nc()"),
            ("a + +b - -c + d", "a+ +b- -c+d"),
            (
                "x.replace(/[/'] \\/ /g, \"\\\" '\")",
                "x.replace(/[/'] \\/ /g,\"\\\" '\")",
            ),
            ("a / b / c", "a/b/c"),
            ("f(\n  a,\n  b,\n);", "f(a,b,);"),
            ("const { a } = b;", "const{a}=b;"),
            (
                "async _a() {}\n_b() {} this._seen = a_b; f(this._to, x._seen)",
                "async _0(){}\n_1(){}this._2=a_b;f(this._3,x._2)",
            ),
        ];
        for (file, expected) in rows {
            check("a.js", file, expected);
        }
    }

    #[test]
    fn a_style_keeps_each_blank_that_means_something() {
        let rows = [
            (
                "/* Why. */\n.a .b > p , q:hover { color: red; }\n",
                ".a .b > p,q:hover{color:red}",
            ),
            (
                "@media (min-width: 9px) and (hover: none) { a { b: c } }",
                "@media (min-width:9px) and (hover:none){a{b:c}}",
            ),
            (
                ".a { width: calc(1rem + 2vw); margin: 0 auto }",
                ".a{width:calc(1rem + 2vw);margin:0 auto}",
            ),
            (
                ".a::before { content: \" ·  \"; }",
                ".a::before{content:\" ·  \"}",
            ),
            (".a/* x */.b{}", ".a .b{}"),
            (
                ":root { --space-1: 1rem; --surface: red; }\n.a { font: var(--text-l); top: calc(2 * var(--space-1)); }",
                ":root{--s1:1rem;--surface:red}.a{font:var(--tl);top:calc(2 * var(--s1))}",
            ),
        ];
        for (file, expected) in rows {
            check("a.css", file, expected);
        }
    }

    #[test]
    fn other_files_go_out_with_their_words_as_they_are() {
        check(
            "a.html",
            "<p>\n  // a <b>b</b>\n\n</p>\n",
            "<p>\n// a <b>b</b>\n</p>\n",
        );
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
