//! The program's dependencies: no async runtime, permissive licences, no crate in two versions.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Executors and what brings one along.
const RUNTIMES: &[&str] = &[
    "actix-rt",
    "async-executor",
    "async-global-executor",
    "async-io",
    "async-std",
    "axum",
    "futures-executor",
    "glommio",
    "hyper",
    "mio",
    "monoio",
    "pollster",
    "smol",
    "tokio",
    "tokio-tungstenite",
];

/// Licences that ask for nothing but their own text.
const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Crates that are there in two major versions, each with the reason.
const TWICE: &[(&str, &str)] = &[("getrandom", "ring stays with an older one")];

/// A crate of the program, as far as these tests look at it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    name: String,
    version: String,
    licence: String,
}

impl Package {
    /// Reads a line such as `serde v1.0.229 (proc-macro)|MIT`.
    fn parse(line: &str) -> Option<Self> {
        let (package, licence) = line.split_once('|')?;
        let mut words = package.split(' ');
        Some(Self {
            name: words.next()?.to_owned(),
            version: words.next()?.strip_prefix('v')?.to_owned(),
            licence: licence.to_owned(),
        })
    }

    /// The part of a version that Cargo compares for compatibility: `1`, `0.4`, `0.0.3`.
    fn major(&self) -> String {
        let parts: Vec<&str> = self.version.split('.').collect();
        let significant = parts.iter().position(|part| *part != "0").unwrap_or(2);
        parts[..=significant].join(".")
    }
}

/// The crates that are built for the program on Linux, and not those that only its tests need.
fn packages() -> BTreeSet<Package> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "--edges", "no-dev"])
        .args(["--target", "x86_64-unknown-linux-gnu", "--no-dedupe"])
        .args(["--prefix", "none", "--format", "{p}|{l}"])
        .args(["--manifest-path", manifest])
        .output()
        .expect("cargo runs, since it runs this test");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let text = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    let found: BTreeSet<Package> = text
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| Package::parse(line).unwrap_or_else(|| panic!("«{line}»")))
        .collect();
    let named = |name: &str| found.iter().any(|package| package.name == name);
    assert!(
        named("turnero") && named("tungstenite"),
        "cargo lists {found:?}"
    );
    assert!(!named("proptest"), "what only tests need was counted");
    found
}

/// Whether a licence expression (SPDX, or the older form with `/`) can be met with allowed ones.
fn is_allowed(expression: &str) -> bool {
    let expression = expression.trim();
    if let Some(inner) = expression
        .strip_prefix('(')
        .and_then(|e| e.strip_suffix(')'))
        && !inner.contains('(')
        && !inner.contains(')')
    {
        return is_allowed(inner);
    }
    let split = |word: &str| split_outside(expression, word);
    for either in [" OR ", "/"] {
        if let Some((left, right)) = split(either) {
            return is_allowed(left) || is_allowed(right);
        }
    }
    if let Some((left, right)) = split(" AND ") {
        return is_allowed(left) && is_allowed(right);
    }
    LICENCES.contains(&expression)
}

/// Splits at the first `word` that no bracket holds.
fn split_outside<'a>(expression: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    let places = expression.match_indices(word);
    let outside = |begin: usize| {
        let before = &expression[..begin];
        before.matches('(').count() == before.matches(')').count()
    };
    let (begin, _) = places.into_iter().find(|(begin, _)| outside(*begin))?;
    Some((&expression[..begin], &expression[begin + word.len()..]))
}

#[test]
fn no_async_runtime_is_part_of_the_program() {
    for package in packages() {
        let name = package.name.as_str();
        assert!(!RUNTIMES.contains(&name), "{name} brings an async runtime");
    }
}

#[test]
fn every_licence_is_one_that_an_office_can_take() {
    for package in packages() {
        let Package { name, licence, .. } = &package;
        assert!(is_allowed(licence), "{name} is under «{licence}»");
    }
}

#[test]
fn no_crate_is_there_in_two_major_versions() {
    let mut majors: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in packages() {
        let major = package.major();
        majors.entry(package.name).or_default().insert(major);
    }
    for (name, majors) in &majors {
        let excused = TWICE.iter().any(|(excused, _)| excused == name);
        assert!(
            majors.len() == 1 || excused,
            "{name} is there as {majors:?}"
        );
        assert!(
            majors.len() > 1 || !excused,
            "{name} needs no excuse any more"
        );
    }
}

#[test]
fn a_licence_expression_is_read_as_spdx_means_it() {
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0-only", false),
        ("", false),
        ("MIT OR GPL-3.0-only", true),
        ("MIT AND GPL-3.0-only", false),
        ("MIT/Apache-2.0", true),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
        ("(MIT OR Apache-2.0) AND GPL-3.0-only", false),
        ("Unlicense OR MIT", true),
        ("Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT", true),
    ] {
        assert_eq!(is_allowed(expression), expected, "{expression}");
    }
}
