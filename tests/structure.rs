//! The structure of the source: no import circles, and no database outside storage.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Imported files of each file.
type Imports = BTreeMap<PathBuf, BTreeSet<PathBuf>>;

#[test]
fn no_rust_files_or_folders_import_each_other_in_a_circle() {
    let modules = Modules::read(&root().join("src"));
    assert!(modules.files.len() > 50, "src/ was not found");
    let imports = modules.imports();
    assert_eq!(circle(&imports), None);
    assert_eq!(circle(&folders(&imports)), None);
}

#[test]
fn no_scripts_or_their_folders_import_each_other_in_a_circle() {
    let scripts = files(&root().join("html"), "js");
    assert!(scripts.len() > 20, "html/ was not found");
    let imports = scripts.iter().map(|file| {
        let imported = script_imports(&fs::read_to_string(file).expect("a script"));
        let folder = file.parent().expect("a folder");
        let imported = imported.iter().map(|path| {
            let target = match path.strip_prefix('/') {
                Some(path) => root().join("html").join(path),
                None => folder.join(path),
            };
            let canonical = target.canonicalize();
            canonical.unwrap_or_else(|_| panic!("{} imports {path}", file.display()))
        });
        (file.clone(), imported.collect())
    });
    let imports: Imports = imports.collect();
    let found: usize = imports.values().map(|imported| imported.len()).sum();
    assert!(found > 100, "only {found} imports of scripts were found");
    assert_eq!(circle(&imports), None);
    assert_eq!(circle(&folders(&imports)), None);
}

#[test]
fn no_file_outside_storage_names_a_database() {
    let src = root().join("src");
    let storage = src.join("storage").canonicalize().expect("src/storage/");
    for file in files(&src, "rs") {
        let text = fs::read_to_string(&file).expect("a source file");
        let names_it = ["rusqlite", "SqliteJournal", "diesel", "PostgresJournal"]
            .iter()
            .any(|name| text.contains(name));
        let is_inside = file.starts_with(&storage);
        assert!(is_inside || !names_it, "{}", file.display());
    }
}

#[test]
fn a_circle_is_found() {
    let file = |name: &str| PathBuf::from(name);
    let imports = |pairs: &[(&str, &str)]| {
        let mut imports = Imports::new();
        for (from, to) in pairs {
            imports.entry(file(from)).or_default().insert(file(to));
        }
        imports
    };
    assert_eq!(
        circle(&imports(&[("a", "b"), ("b", "c"), ("a", "c")])),
        None
    );
    let found = circle(&imports(&[("a", "b"), ("b", "c"), ("c", "b")]));
    assert_eq!(found, Some(vec![file("b"), file("c"), file("b")]));
    // Neither two files nor their own folders, but the folders around them.
    let between = folders(&imports(&[("/a/x/1", "/b/2"), ("/b/3", "/a/y/4")]));
    let found = circle(&between);
    assert_eq!(found, Some(vec![file("/a"), file("/b"), file("/a")]));
}

/// The Rust files by their module path, such as `domain::queue`.
struct Modules {
    files: BTreeMap<String, PathBuf>,
    uses: BTreeMap<String, Vec<Use>>,
}

/// One imported path; `renamed` is the name that the importing module gives it.
struct Use {
    path: Vec<String>,
    name: String,
    is_public: bool,
}

impl Modules {
    /// Reads all files but tests.
    fn read(src: &Path) -> Self {
        let mut modules = Self {
            files: BTreeMap::new(),
            uses: BTreeMap::new(),
        };
        for file in files(src, "rs") {
            let relative = file
                .strip_prefix(src.canonicalize().expect("src/"))
                .expect("in src/");
            let mut path: Vec<String> = relative
                .with_extension("")
                .iter()
                .map(|part| part.to_string_lossy().into_owned())
                .collect();
            if path.iter().any(|part| part == "tests" || part == "testing") {
                continue;
            }
            if matches!(path.last().map(String::as_str), Some("mod" | "lib")) {
                path.pop();
            }
            let text = fs::read_to_string(&file).expect("a source file");
            let code = code(&text);
            let inline = inline_paths(&code).map(|path| (false, path));
            let uses = uses(&code)
                .into_iter()
                .chain(inline)
                .map(|(is_public, tree)| (is_public, absolute(&path, &tree)));
            let uses = uses.flat_map(|(is_public, paths)| {
                paths.into_iter().map(move |(path, name)| Use {
                    path,
                    name,
                    is_public,
                })
            });
            modules.uses.insert(path.join("::"), uses.collect());
            modules.files.insert(path.join("::"), file);
        }
        modules
    }

    fn imports(&self) -> Imports {
        let imports = self.uses.iter().map(|(module, uses)| {
            let private = uses.iter().filter(|import| !import.is_public);
            let defined_in = private.filter_map(|import| self.defined_in(&import.path, 0));
            let others = defined_in.filter(|other| other != module);
            let files = others.map(|other| self.files[&other].clone()).collect();
            (self.files[module].clone(), files)
        });
        imports.collect()
    }

    /// The module that defines what a path names, found through re-exports. `None` for other crates.
    fn defined_in(&self, path: &[String], depth: usize) -> Option<String> {
        assert!(depth < 10, "{path:?} is re-exported without end");
        let longest = (0..=path.len())
            .rev()
            .map(|length| path[..length].join("::"));
        let module = longest
            .into_iter()
            .find(|prefix| self.files.contains_key(prefix))?;
        let length = if module.is_empty() {
            0
        } else {
            module.split("::").count()
        };
        if module.is_empty() && path.len() > 1 {
            return None;
        }
        let Some(name) = path.get(length) else {
            return Some(module);
        };
        let mut exports = self.uses[&module].iter().filter(|export| export.is_public);
        match exports.find(|export| export.name == *name) {
            // A macro is exported under the path that it already has.
            Some(export) if export.path == path => Some(module),
            Some(export) => self.defined_in(&export.path, depth + 1),
            None => Some(module),
        }
    }
}

/// The code of a file, without comments and its test module.
fn code(text: &str) -> String {
    let code = text.split("mod tests {").next();
    let lines = code.unwrap_or_default().lines();
    let lines = lines.filter(|line| !line.trim_start().starts_with("//"));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// The paths that stand in the code and not in a `use`, such as `load::load` and `super::tickets::upsert`.
fn inline_paths(code: &str) -> impl Iterator<Item = String> {
    let is_use =
        |line: &str| line.starts_with("use ") || line.starts_with("pub") && line.contains(" use ");
    let statements = code.split(';');
    let others = statements.filter(move |one| !one.lines().any(|line| is_use(line.trim())));
    // Without those that say who may see something.
    let pieces = others.flat_map(|one| one.split("pub(in crate::"));
    let words = pieces
        .flat_map(|piece| piece.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')));
    let paths = words.map(|word| word.trim_matches(':'));
    let is_path = |path: &&str| path.contains("::") && path.starts_with(|c: char| c.is_lowercase());
    paths.filter(is_path).map(str::to_owned)
}

/// The `use` trees of a file, and whether each is public.
fn uses(code: &str) -> Vec<(bool, String)> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(start) = rest.find("use ") {
        let line = &rest[rest[..start].rfind('\n').map_or(0, |at| at + 1)..start];
        rest = &rest[start + 4..];
        let before = line.trim();
        if !before.is_empty() && !before.starts_with("pub") {
            continue;
        }
        let end = rest.find(';').unwrap_or(rest.len());
        let tree = rest[..end].split_whitespace().collect::<Vec<_>>().join(" ");
        found.push((before.starts_with("pub"), tree));
    }
    found
}

/// The full paths of a `use` tree in `module`, each with the name that it gives.
fn absolute(module: &[String], tree: &str) -> Vec<(Vec<String>, String)> {
    let mut paths = Vec::new();
    expand(Vec::new(), tree, &mut paths);
    paths
        .into_iter()
        .filter_map(|(path, name)| {
            let mut base = match path.first().map(String::as_str) {
                Some("crate" | "turnero") => Vec::new(),
                Some("self" | "super") => module.to_vec(),
                Some(child) => {
                    // A child module may be named without `self`.
                    let mut full = module.to_vec();
                    full.push(child.to_owned());
                    return Some(([&full[..], &path[1..]].concat(), name));
                }
                None => return None,
            };
            let mut rest = &path[..];
            while let Some((first, others)) = rest.split_first() {
                match first.as_str() {
                    "crate" | "turnero" | "self" => {}
                    "super" => {
                        base.pop();
                    }
                    _ => break,
                }
                rest = others;
            }
            Some(([&base[..], rest].concat(), name))
        })
        .collect()
}

fn expand(mut prefix: Vec<String>, tree: &str, paths: &mut Vec<(Vec<String>, String)>) {
    let tree = tree.trim();
    let mut rest = tree;
    loop {
        if let Some(list) = rest.strip_prefix('{') {
            let list = list.strip_suffix('}').expect("a closed list");
            let mut depth = 0;
            for item in list.split(|c| {
                depth += i32::from(c == '{') - i32::from(c == '}');
                c == ',' && depth == 0
            }) {
                if !item.trim().is_empty() {
                    expand(prefix.clone(), item, paths);
                }
            }
            return;
        }
        match rest.split_once("::") {
            Some((part, after)) if !part.contains('{') => {
                prefix.push(part.trim().to_owned());
                rest = after.trim();
            }
            _ => break,
        }
    }
    let (last, name) = rest.split_once(" as ").unwrap_or((rest, rest));
    if last != "self" && last != "*" {
        prefix.push(last.to_owned());
    }
    let name = if name == "self" {
        prefix.last().expect("a path").clone()
    } else {
        name.to_owned()
    };
    paths.push((prefix, name));
}

/// The paths that a script imports from this server.
fn script_imports(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with("//") || line.starts_with('*') {
            continue;
        }
        for opening in ["from '", "import '", "import('"] {
            for after in line.split(opening).skip(1) {
                let path = after.split('\'').next().unwrap_or_default();
                let path = path.split('?').next().unwrap_or_default();
                if path.ends_with(".js") {
                    found.push(path.to_owned());
                }
            }
        }
    }
    found
}

/// The imports between folders that stand side by side, each with all that is in it.
fn folders(imports: &Imports) -> Imports {
    let mut between = Imports::new();
    for (file, imported) in imports {
        for other in imported {
            let mut around = file.ancestors();
            let common = around.find(|folder| other.starts_with(folder));
            let depth = common.expect("a common folder").components().count() + 1;
            let side = |path: &Path| path.components().take(depth).collect::<PathBuf>();
            let (from, to) = (side(file), side(other));
            if from != *file && to != *other {
                between.entry(from).or_default().insert(to);
            }
        }
    }
    between
}

/// A chain of imports that ends where it began, if there is one.
fn circle(imports: &Imports) -> Option<Vec<PathBuf>> {
    fn visit(
        file: &PathBuf,
        imports: &Imports,
        chain: &mut Vec<PathBuf>,
        done: &mut BTreeSet<PathBuf>,
    ) -> Option<Vec<PathBuf>> {
        if let Some(start) = chain.iter().position(|earlier| earlier == file) {
            let mut found = chain[start..].to_vec();
            found.push(file.clone());
            return Some(found);
        }
        if done.contains(file) {
            return None;
        }
        chain.push(file.clone());
        for imported in imports.get(file).into_iter().flatten() {
            let found = visit(imported, imports, chain, done);
            if found.is_some() {
                return found;
            }
        }
        chain.pop();
        done.insert(file.clone());
        None
    }
    let mut done = BTreeSet::new();
    let mut starts = imports.keys();
    starts.find_map(|file| visit(file, imports, &mut Vec::new(), &mut done))
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a folder with that extension.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).expect("a folder");
    for path in entries.map(|entry| entry.expect("an entry").path()) {
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|other| other == extension) {
            found.push(path.canonicalize().expect("a file"));
        }
    }
    found
}
