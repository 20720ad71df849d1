//! The screens' files: built into the program, or from a folder (`--html`).

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Component, Path, PathBuf};

use percent_encoding::percent_decode_str;

use super::answer::{Answer, Body};
use super::problem::Problem;
use super::request::Request;
use super::router::Handled;

/// What the built-in pages may do: load from this server, and nothing else. A folder's pages are
/// the office's own, and may do what they like.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; img-src 'self' data:; \
     connect-src 'self' ws: wss:; object-src 'none'; base-uri 'none'; form-action 'self'; \
     frame-ancestors 'self'";

/// A built-in file.
struct Page {
    path: &'static str,
    bytes: &'static [u8],
}

/// Names the built-in files; each is part of the program.
macro_rules! pages {
    ($($path:literal),* $(,)?) => {
        &[$(Page { path: $path, bytes: include_bytes!(concat!("../../html/", $path)) }),*]
    };
}

/// Every file under `html/`; a test holds this list against the folder.
const PAGES: &[Page] = pages![
    "announcements.js",
    "api.js",
    "base.css",
    "desk.css",
    "desk.html",
    "desk.js",
    "favicon.svg",
    "fit.js",
    "i18n.js",
    "index.css",
    "index.html",
    "index.js",
    "lang/en.json",
    "lang/es.json",
    "live.js",
    "new-ticket.css",
    "new-ticket.html",
    "new-ticket.js",
    "public.css",
    "public.html",
    "public.js",
    "sound.js",
    "state.js",
    "theme.js",
    "tokens.css",
];

/// Where pages come from.
pub struct Pages {
    folder: Option<PathBuf>,
}

impl Pages {
    /// From a folder, or the built-in ones.
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self { folder }
    }

    /// The file that a request asks for.
    pub fn answer(&self, request: &Request) -> Handled {
        let missing = || Problem::not_found(format!("There is no page at {}.", request.path));
        let decoded = percent_decode_str(&request.path).decode_utf8();
        let path = decoded.map_err(|_| missing())?;
        let path = path.trim_start_matches('/');
        let path = if path.is_empty() || path.ends_with('/') {
            format!("{path}index.html")
        } else {
            path.to_owned()
        };
        let found = match &self.folder {
            Some(folder) => from_folder(folder, &path),
            None => built_in(&path, request),
        };
        found.ok_or_else(missing)
    }
}

fn built_in(path: &str, request: &Request) -> Option<Answer> {
    let page = PAGES.iter().find(|page| page.path == path)?;
    let tag = tag(page.bytes);
    let known = request.header("If-None-Match").unwrap_or_default();
    let answer = if known.split(',').any(|other| other.trim() == tag) {
        Answer::empty(304)
    } else {
        Answer::new(200, content_type(path), page.bytes)
            .with_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
            .with_header("Referrer-Policy", "no-referrer")
    };
    // Kept, and asked for again each time: a newer program's pages are there at once.
    Some(
        answer
            .with_header("ETag", tag)
            .with_header("Cache-Control", "no-cache"),
    )
}

/// Names a file's content; it need only differ between versions of the program.
fn tag(bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}

fn from_folder(folder: &Path, path: &str) -> Option<Answer> {
    let inside = Path::new(path);
    let plain = inside
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    if !plain || path.contains('\0') {
        return None;
    }
    // A link may lead out of the folder; what it leads to is not part of the pages.
    let root = folder.canonicalize().ok()?;
    let file = root.join(inside).canonicalize().ok()?;
    if !file.starts_with(&root) || !fs::metadata(&file).ok()?.is_file() {
        return None;
    }
    let open = File::open(&file).ok()?;
    let length = open.metadata().ok()?.len();
    let mut answer =
        Answer::new(200, content_type(path), &b""[..]).with_header("Cache-Control", "no-cache");
    answer.body = Body::File(open, length);
    Some(answer)
}

fn content_type(path: &str) -> &'static str {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    match ending.to_ascii_lowercase().as_str() {
        "html" | "htm" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff" => "font/woff",
        "woff2" => "font/woff2",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        "wav" => "audio/wav",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        "webmanifest" => "application/manifest+json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files_under(folder: &Path, root: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).expect("html/ is there") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() {
                files_under(&path, root, found);
            } else {
                let relative = path.strip_prefix(root).expect("it is under the root");
                found.push(relative.to_string_lossy().replace('\\', "/"));
            }
        }
    }

    #[test]
    fn every_file_under_html_is_built_in_and_has_a_type() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("html");
        let mut found = Vec::new();
        files_under(&root, &root, &mut found);
        found.sort();
        let mut listed: Vec<&str> = PAGES.iter().map(|page| page.path).collect();
        listed.sort_unstable();
        assert_eq!(listed, found);
        for path in listed {
            assert_ne!(content_type(path), "application/octet-stream", "{path}");
        }
    }

    #[test]
    fn a_folder_gives_only_what_is_in_it() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("html");
        assert!(from_folder(&root, "index.html").is_some());
        for outside in [
            "../Cargo.toml",
            "lang/../../Cargo.toml",
            "/etc/passwd",
            "lang",
            "no.html",
        ] {
            assert!(from_folder(&root, outside).is_none(), "{outside}");
        }
    }
}
