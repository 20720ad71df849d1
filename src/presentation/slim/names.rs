//! A script's own names on their way out: what is `waitedBefore` in the source is sent as `b`.
//!
//! It reads pieces and brackets, not grammar: a name that it does not see declared stays as it is, and
//! so does whatever others ask for by its name: properties, exports, the browser's own. A test in the browser's
//! language finds what each name of each script stands for, and compares that with the source.

use std::collections::{BTreeMap, BTreeSet};

use super::{is_word, pattern_begins, pattern_length, text_length};

/// Words of the language that are never names, and those that are names only in some places.
const LANGUAGE: &str = "arguments as async await break case catch class const continue default delete do \
    else export extends false finally for from function get if import in instanceof let \
    new null of return set static super switch this throw true try typeof var void while \
    yield";

/// A slimmed script with short names of its own.
pub(super) fn shorten(script: &str) -> String {
    let pieces = pieces(script);
    let uses = uses(&pieces);
    let short = short_names(&pieces, &uses);
    let mut sent = String::with_capacity(script.len());
    for (piece, used) in pieces.iter().zip(&uses) {
        sent.push_str(piece.blank);
        match (used, short.get(piece.text)) {
            (Some(Use::Alone), Some(name)) => sent.push_str(name),
            (Some(Use::Property), Some(name)) => sent.push_str(&format!("{}:{name}", piece.text)),
            (Some(Use::Import), Some(name)) => sent.push_str(&format!("{} as {name}", piece.text)),
            _ => sent.push_str(piece.text),
        }
    }
    sent
}

/// A word, a text, a pattern or a sign, and the blank before it.
struct Piece<'a> {
    blank: &'a str,
    text: &'a str,
}

fn pieces(script: &str) -> Vec<Piece<'_>> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut rest = script;
    let mut last = ';';
    loop {
        let start = rest
            .find(|c: char| !c.is_whitespace())
            .unwrap_or(rest.len());
        let (blank, from) = rest.split_at(start);
        let Some(next) = from.chars().next() else {
            break;
        };
        if !blank.is_empty() {
            last = blank.chars().next_back().unwrap_or(last);
        }
        let length = match next {
            '"' | '\'' | '`' => text_length(from, next),
            '/' if pattern_begins(last) => pattern_length(from),
            _ if is_word(next) => from.find(|c| !is_word(c)).unwrap_or(from.len()),
            _ if from.starts_with("...") => 3,
            _ if from.starts_with("=>") => 2,
            _ => next.len_utf8(),
        };
        let (text, after) = from.split_at(length);
        pieces.push(Piece { blank, text });
        last = text.chars().next_back().unwrap_or(last);
        rest = after;
    }
    pieces
}

/// How a name is used where it stands for what a script calls so.
#[derive(Clone, Copy, PartialEq)]
enum Use {
    Alone,
    /// `{ name }`: a property of the same name.
    Property,
    /// `import { name }`: what another script calls so.
    Import,
}

/// What a bracket holds.
#[derive(Clone, Copy, PartialEq)]
enum Inside {
    Statements,
    Properties,
    Methods,
    Imports,
    Values,
}

fn text_at<'a>(pieces: &[Piece<'a>], at: usize) -> &'a str {
    pieces.get(at).map_or("", |piece| piece.text)
}

/// The piece before, which may be none.
fn before<'a>(pieces: &[Piece<'a>], at: usize, steps: usize) -> &'a str {
    at.checked_sub(steps).map_or("", |at| text_at(pieces, at))
}

fn uses(pieces: &[Piece]) -> Vec<Option<Use>> {
    let mut open = vec![Inside::Statements];
    let mut uses = Vec::with_capacity(pieces.len());
    for (at, piece) in pieces.iter().enumerate() {
        let inside = *open.last().unwrap_or(&Inside::Statements);
        let mut used = None;
        match piece.text {
            "{" => open.push(opened(pieces, at)),
            "(" | "[" => open.push(Inside::Values),
            "}" | ")" | "]" => drop(open.pop()),
            text if is_name(text) => used = use_of(pieces, at, inside),
            _ => {}
        }
        uses.push(used);
    }
    uses
}

fn is_name(text: &str) -> bool {
    let first = text.chars().next().unwrap_or(' ');
    is_word(first) && !first.is_numeric() && !LANGUAGE.split(' ').any(|word| word == text)
}

/// What a brace opens, by what stands before it.
fn opened(pieces: &[Piece], at: usize) -> Inside {
    match before(pieces, at, 1) {
        "" | ")" | "=>" | ";" | "{" | "}" | "else" | "try" | "finally" | "do" => Inside::Statements,
        "import" => Inside::Imports,
        _ if matches!(before(pieces, at, 2), "class" | "extends") => Inside::Methods,
        _ => Inside::Properties,
    }
}

fn use_of(pieces: &[Piece], at: usize, inside: Inside) -> Option<Use> {
    let (last, next) = (before(pieces, at, 1), text_at(pieces, at + 1));
    let begins = matches!(last, "{" | ",");
    match inside {
        _ if last == "." => None,
        Inside::Methods => None,
        Inside::Imports if next == "as" => None,
        Inside::Imports if begins => Some(Use::Import),
        Inside::Properties if begins && matches!(next, "," | "}" | "=") => Some(Use::Property),
        Inside::Properties if begins => None,
        _ => Some(Use::Alone),
    }
}

/// The names that a script declares where it can be seen, and those that it exports.
fn declared<'a>(
    pieces: &[Piece<'a>],
    uses: &[Option<Use>],
) -> (BTreeSet<&'a str>, BTreeSet<&'a str>) {
    let mut own = BTreeSet::new();
    let mut exported = BTreeSet::new();
    for (at, piece) in pieces.iter().enumerate() {
        match piece.text {
            "const" | "let" | "var" | "function" | "class" => {
                let before_it = before(
                    pieces,
                    at,
                    if before(pieces, at, 1) == "async" {
                        2
                    } else {
                        1
                    },
                );
                let name = text_at(pieces, at + 1);
                if before_it == "export" {
                    exported.insert(name);
                } else if is_name(name) {
                    own.insert(name);
                } else if matches!(name, "{" | "[") {
                    own.extend(bound_in(pieces, uses, at + 1));
                }
            }
            "import" => own.extend(bound_in(pieces, uses, at + 1)),
            "(" if is_list_of_parameters(pieces, at) => own.extend(bound_in(pieces, uses, at)),
            _ => {}
        }
    }
    (own, exported)
}

/// Where the bracket that opens at `at` closes.
fn end_of(pieces: &[Piece], at: usize) -> usize {
    let mut depth = 0;
    for (end, piece) in pieces.iter().enumerate().skip(at) {
        match piece.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return end;
        }
    }
    pieces.len()
}

fn is_list_of_parameters(pieces: &[Piece], at: usize) -> bool {
    match text_at(pieces, end_of(pieces, at) + 1) {
        "=>" => true,
        "{" => !matches!(before(pieces, at, 1), "if" | "for" | "while" | "switch"),
        _ => false,
    }
}

/// The names that stand for a value in the brackets that open at `at`, but for what they are by default.
fn bound_in<'a>(pieces: &[Piece<'a>], uses: &[Option<Use>], at: usize) -> Vec<&'a str> {
    let mut bound = Vec::new();
    let (mut at, end) = (at, end_of(pieces, at));
    while at < end {
        let begins = matches!(before(pieces, at, 1), "(" | "," | "{" | "[" | ":" | "...");
        if begins && uses[at].is_some() {
            bound.push(pieces[at].text);
        }
        at = match pieces[at].text {
            "=" => end_of_value(pieces, at + 1),
            _ => at + 1,
        };
    }
    bound
}

/// Where a value that begins at `at` ends, in a list.
fn end_of_value(pieces: &[Piece], mut at: usize) -> usize {
    while !matches!(text_at(pieces, at), "," | ")" | "]" | "}" | "") {
        if matches!(text_at(pieces, at), "(" | "[" | "{") {
            at = end_of(pieces, at);
        }
        at += 1;
    }
    at
}

/// A short name for each that becomes shorter by it, those that save the most first.
fn short_names<'a>(pieces: &[Piece<'a>], uses: &[Option<Use>]) -> BTreeMap<&'a str, String> {
    // What a template says is not read.
    if pieces.iter().any(|piece| piece.text.starts_with('`')) {
        return BTreeMap::new();
    }
    let (own, exported) = declared(pieces, uses);
    let mut counts: BTreeMap<&str, Vec<Use>> = BTreeMap::new();
    for (piece, used) in pieces.iter().zip(uses) {
        if let Some(used) = used {
            counts.entry(piece.text).or_default().push(*used);
        }
    }
    let mut long: Vec<(&str, &Vec<Use>)> =
        counts.iter().map(|(name, uses)| (*name, uses)).collect();
    long.retain(|(name, uses)| {
        own.contains(name) && !exported.contains(name) && saved(name, uses, 1) > 0
    });
    long.sort_by_key(|(name, uses)| -saved(name, uses, 1));
    let mut free = (0..)
        .map(nth_name)
        .filter(|name| !counts.contains_key(name.as_str()) && is_name(name))
        .peekable();
    let mut short = BTreeMap::new();
    for (name, uses) in long {
        if free
            .peek()
            .is_some_and(|next| saved(name, uses, next.len()) > 0)
        {
            short.extend(free.next().map(|next| (name, next)));
        }
    }
    short
}

/// How many bytes are saved where `name` is sent in `length` bytes.
fn saved(name: &str, uses: &[Use], length: usize) -> isize {
    let (long, short) = (name.len() as isize, length as isize);
    let each = uses.iter().map(|used| match used {
        Use::Alone => long - short,
        Use::Property => -1 - short,
        Use::Import => -4 - short,
    });
    each.sum()
}

/// `a` to `Z`, then `aa`, `ba` and so on.
fn nth_name(mut n: usize) -> String {
    const LETTERS: &[u8; 52] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut name = String::new();
    loop {
        name.push(char::from(LETTERS[n % LETTERS.len()]));
        n /= LETTERS.len();
        if n == 0 {
            return name;
        }
        n -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::{nth_name, shorten};

    #[test]
    fn a_scripts_own_names_are_short_and_no_other() {
        let rows = [
            ("const long=1;f(long);", "const a=1;f(a);"),
            // What the script itself calls so already is not taken.
            ("const long=1;a(long);", "const b=1;a(b);"),
            (
                "const long=1;f(long.long,{long:2});",
                "const a=1;f(a.long,{long:2});",
            ),
            (
                "const long=1;f({long,x:long,long(){}});f(long);",
                "const a=1;f({long:a,x:a,long(){}});f(a);",
            ),
            (
                "import{once,often}from'./x.js';often(often,often(once))",
                "import{once,often as a}from'./x.js';a(a,a(once))",
            ),
            (
                "export const long=1;f(long);",
                "export const long=1;f(long);",
            ),
            (
                "export function long(first){return first}long()",
                "export function long(a){return a}long()",
            ),
            (
                "class Long{long(first){return first.long(long)}}new Long()",
                "class b{long(a){return a.long(long)}}new b()",
            ),
            (
                "const f=(first,{second:third},...rest)=>first+third+rest;",
                "const f=(a,{second:b},...c)=>a+b+c;",
            ),
            (
                "const[one,two]=x;const{three:four}=one;two(four)",
                "const[b,c]=x;const{three:a}=b;c(a)",
            ),
            ("try{f()}catch(wrong){f(wrong)}", "try{f()}catch(a){f(a)}"),
            // Of these nobody sees here that they are the script's own.
            (
                "if(window){document=location}",
                "if(window){document=location}",
            ),
            (
                "const f=(x=window)=>x(window)",
                "const f=(x=window)=>x(window)",
            ),
            (
                "const f=(x=y(window,{z:document}),second)=>x(window,document,second)",
                "const f=(x=y(window,{z:document}),a)=>x(window,document,a)",
            ),
            (
                "const long=1;f('long',/long/,long/long)",
                "const a=1;f('long',/long/,a/a)",
            ),
            (
                "const long=1;f(`${long}`,long)",
                "const long=1;f(`${long}`,long)",
            ),
        ];
        for (script, expected) in rows {
            assert_eq!(shorten(script), expected);
        }
    }

    #[test]
    fn there_is_no_end_of_short_names() {
        let names: Vec<String> = [0, 51, 52, 53, 104, 52 * 53]
            .into_iter()
            .map(nth_name)
            .collect();
        assert_eq!(names, ["a", "Z", "aa", "ba", "ab", "aaa"]);
    }
}
