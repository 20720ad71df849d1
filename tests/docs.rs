//! Checks the documents: every path in them exists, and README and ARCHITECTURE stay short.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use serde_json::Value;
use turnero::presentation::tickets::ROUTES;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A newcomer reads README.md and ARCHITECTURE.md whole.
const MOST_LINES: usize = 150;

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// README.md, ARCHITECTURE.md, CHANGELOG.md and everything below `docs/`.
fn documents() -> Vec<PathBuf> {
    let root = Path::new(ROOT);
    let mut found: Vec<PathBuf> = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"]
        .iter()
        .map(|name| root.join(name))
        .collect();
    let mut folders = vec![root.join("docs")];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).expect("the folder can be read");
        for entry in entries {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    found
}

/// The parts of `text` between `open` and the next `close` on the same line.
fn between<'a>(text: &'a str, open: &str, close: char) -> Vec<&'a str> {
    text.lines()
        .flat_map(|line| line.split(open).skip(1))
        .filter_map(|rest| rest.split_once(close))
        .map(|(inner, _)| inner)
        .collect()
}

/// The targets of the links in a Markdown text that lead to files of the project.
fn link_targets(text: &str) -> Vec<&str> {
    between(text, "](", ')')
        .into_iter()
        .map(|target| target.split('#').next().unwrap_or_default())
        .filter(|target| !target.is_empty() && !target.contains("://"))
        .collect()
}

/// The paths in a Markdown text: what stands between backquotes and begins with a folder of the
/// project. `src/{a,b}.rs` is two paths.
fn paths(text: &str) -> Vec<String> {
    const FOLDERS: &[&str] = &["src/", "html/", "tests/", "docs/", ".ci/", "build.rs"];
    between_backquotes(text)
        .into_iter()
        .filter(|code| FOLDERS.iter().any(|folder| code.starts_with(folder)))
        .filter(|code| !code.contains([' ', '*', '…']))
        .flat_map(expand)
        .collect()
}

fn between_backquotes(text: &str) -> Vec<&str> {
    text.lines()
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .collect()
}

/// Each path that one with `{a,b}` stands for.
fn expand(path: &str) -> Vec<String> {
    let Some((before, rest)) = path.split_once('{') else {
        return vec![path.to_owned()];
    };
    let (choices, after) = rest.split_once('}').expect("a closing brace");
    choices
        .split(',')
        .flat_map(|choice| expand(&format!("{before}{}{after}", choice.trim())))
        .collect()
}

/// Whether `path` exists with this spelling and stays inside the project.
fn exists(path: &Path) -> bool {
    let climbs = path.components().any(|part| part == Component::ParentDir);
    let path = if climbs {
        path.canonicalize().unwrap_or_default()
    } else {
        path.to_owned()
    };
    path.starts_with(ROOT) && path.exists()
}

#[test]
fn readme_and_architecture_are_read_in_one_sitting() {
    for name in ["README.md", "ARCHITECTURE.md"] {
        let lines = read(&Path::new(ROOT).join(name)).lines().count();
        assert!(lines <= MOST_LINES, "{name} has {lines} lines");
    }
}

#[test]
fn every_link_to_a_file_leads_to_one() {
    let mut links = 0;
    for document in documents() {
        let folder = document.parent().expect("a file has a folder");
        for target in link_targets(&read(&document)) {
            let path = folder.join(target);
            assert!(exists(&path), "{}: {target}", document.display());
            links += 1;
        }
    }
    assert!(links > 0, "no link was found");
}

#[test]
fn every_path_that_a_document_names_exists() {
    let mut named = 0;
    for document in documents() {
        for path in paths(&read(&document)) {
            let exists = exists(&Path::new(ROOT).join(&path));
            assert!(exists, "{}: {path}", document.display());
            named += 1;
        }
    }
    assert!(named > 0, "no path was found");
}

/// A folder that ARCHITECTURE.md does not name is one that a newcomer does not find.
#[test]
fn the_map_names_every_folder_of_the_sources_and_pages() {
    // `src`, a top module, and a part of that module; the part's own file explains the rest.
    const DEPTH: usize = 3;
    let map = read(&Path::new(ROOT).join("ARCHITECTURE.md"));
    let named = paths(&map);
    let mut folders = vec![PathBuf::from("src"), PathBuf::from("html")];
    while let Some(folder) = folders.pop() {
        if folder.components().count() == DEPTH {
            continue;
        }
        let entries = fs::read_dir(Path::new(ROOT).join(&folder)).expect("a folder");
        for entry in entries {
            let entry = entry.expect("an entry");
            if !entry.path().is_dir() {
                continue;
            }
            let inner = folder.join(entry.file_name());
            let shown = format!("{}/", inner.display());
            assert!(named.contains(&shown), "ARCHITECTURE.md lacks {shown}");
            folders.push(inner);
        }
    }
}

#[test]
fn the_api_description_has_every_route_with_its_role_and_no_other() {
    let description = read(&Path::new(ROOT).join("html/reference/openapi.json"));
    let description: Value = serde_json::from_str(&description).expect("JSON");
    assert_eq!(description["info"]["version"], env!("CARGO_PKG_VERSION"));
    let mut described = BTreeSet::new();
    for (path, calls) in description["paths"].as_object().expect("paths") {
        for (method, call) in calls.as_object().expect("calls") {
            let parts = path.split('/');
            let parts = parts.map(|part| if part.starts_with('{') { "*" } else { part });
            let path = parts.collect::<Vec<_>>().join("/");
            let role = call["x-role"].as_str().expect("a role");
            described.insert(format!("{} {path} {role}", method.to_uppercase()));
        }
    }
    let routes: BTreeSet<String> = ROUTES
        .iter()
        .map(|route| format!("{} {} {}", route.method, route.path, route.role.as_str()))
        .collect();
    let missing: Vec<_> = routes.difference(&described).collect();
    assert!(missing.is_empty(), "the description lacks {missing:?}");
    let unknown: Vec<_> = described.difference(&routes).collect();
    assert!(unknown.is_empty(), "the description has {unknown:?}");
}

#[test]
fn the_service_file_gives_the_program_what_it_needs_and_little_else() {
    let file = Path::new(ROOT).join("docs/deploy/turnero.service");
    let mut command = std::process::Command::new("systemd-analyze");
    command.args(["security", "--offline=true", "--no-pager", "--threshold=20"]);
    let Ok(output) = command.arg(&file).output() else {
        eprintln!(
            "NOT TESTED: systemd-analyze is missing, so nobody knows how exposed the service is"
        );
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("Overall exposure level"), "{output:?}");
    assert!(output.status.success(), "the exposure is above 2.0: {said}");
}

#[test]
fn the_service_file_waits_for_the_network_and_the_right_time() {
    let file = read(&Path::new(ROOT).join("docs/deploy/turnero.service"));
    for key in ["After", "Wants"] {
        let line = format!("{key}=network-online.target time-sync.target");
        assert!(file.lines().any(|found| found == line), "{line}");
    }
}
