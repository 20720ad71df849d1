//! The office's own pictures and videos (`--media`): what there is, and each of them, whole or in
//! part. Browsers play and rewind videos by asking for parts (RFC 9110, section 14).

use std::io::{self, Seek, SeekFrom};
use std::ops::Range;
use std::time::UNIX_EPOCH;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use tiny_http::Method;

use crate::presentation::http::answer::{Answer, Body, tag};
use crate::presentation::http::problem::Problem;
use crate::presentation::http::route::{Context, Handled};
use crate::presentation::pages::content_type;
use crate::presentation::pages::folder::OpenFile;

/// The endings of names that are shown: what browsers of 2018 play, and SVG.
const ENDINGS: [&str; 9] = [
    "gif", "jpeg", "jpg", "m4v", "mp4", "png", "svg", "webm", "webp",
];

/// As many files as are listed: pictures of 10 s each come again after half an hour.
const MOST_FILES: usize = 200;

/// How many entries of the folder are looked at: each request reads it anew.
const MOST_ENTRIES: usize = 2_000;

/// Digits of a number in a name, for sorting.
const NUMBER_WIDTH: usize = 20;

/// A file may hold what it likes; opened by itself it must not run any of it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; sandbox";

#[derive(Serialize)]
struct Listed<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    media_type: &'static str,
    /// Where it is to be had, relative to the page.
    url: String,
}

/// `GET /api/media`: in the order of their names, 2 before 10. None without `--media`.
pub fn list(context: &Context<'_>) -> Handled {
    let names = context.office.media.as_ref().map(|folder| {
        let names = folder.names(MOST_ENTRIES, is_media);
        names.map_err(|error| unavailable(context, &error))
    });
    let mut names = names.transpose()?.unwrap_or_default();
    names.sort_by_cached_key(|name| sorting_key(name));
    names.truncate(MOST_FILES);
    let listed = names.iter().map(|name| Listed {
        name,
        media_type: content_type(name),
        url: format!("media/{}", utf8_percent_encode(name, NON_ALPHANUMERIC)),
    });
    Ok(Answer::json(200, &listed.collect::<Vec<_>>()))
}

/// `GET /media/NAME`
pub fn show(context: &Context<'_>) -> Handled {
    let name = context.parameter();
    let missing = || Problem::not_found(format!("There is no picture or video «{name}»."));
    let folder = context.office.media.as_ref().ok_or_else(missing)?;
    if name.contains('/') || !is_media(name) {
        return Err(missing());
    }
    let file = folder.open(name).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => missing(),
        _ => unavailable(context, &error),
    })?;
    let tag = tag_of(&file);
    let request = context.request;
    let known = request.header("If-None-Match").unwrap_or_default();
    let answer = if known.split(',').any(|other| other.trim() == tag) {
        Answer::empty(304)
    } else {
        // A part of another version would not fit to what the browser has.
        let fits = request.header("If-Range").is_none_or(|other| other == tag);
        let range = request
            .header("Range")
            .filter(|_| fits && request.method == Method::Get);
        match range.map_or(Asked::Everything, |range| asked(range, file.length)) {
            Asked::Everything => whole(file, content_type(name)),
            Asked::Part(part) => {
                part_of(file, content_type(name), part).map_err(|e| unavailable(context, &e))?
            }
            Asked::Nothing => {
                let range = format!("bytes */{}", file.length);
                let problem = Problem::no_such_range(file.length);
                return Ok(problem.answer().with_header("Content-Range", range));
            }
        }
    };
    Ok(answer
        .with_header("ETag", tag)
        .with_header("Accept-Ranges", "bytes")
        .with_header("Cache-Control", "no-cache")
        .with_header("Content-Security-Policy", CONTENT_SECURITY_POLICY))
}

fn unavailable(context: &Context<'_>, error: &io::Error) -> Problem {
    let path = &context.request.path;
    log::warn!("The media folder cannot be read for {path}: {error}");
    Problem::page_unavailable(path)
}

fn is_media(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    ENDINGS.contains(&ending.to_ascii_lowercase().as_str())
}

/// Sorts numbers in names by what they count: each is written at full width.
fn sorting_key(name: &str) -> String {
    let mut key = String::with_capacity(name.len() + NUMBER_WIDTH);
    let mut digits = String::new();
    for letter in name.to_lowercase().chars().chain(['\0']) {
        if letter.is_ascii_digit() {
            digits.push(letter);
            continue;
        }
        if !digits.is_empty() {
            key.push_str(&format!("{digits:0>NUMBER_WIDTH$}"));
            digits.clear();
        }
        key.push(letter);
    }
    key
}

/// Names this version of a file.
fn tag_of(file: &OpenFile) -> String {
    let modified = file
        .modified
        .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let version = format!("{} {modified:?}", file.length);
    format!("\"{:016x}\"", tag(version.as_bytes()))
}

fn whole(file: OpenFile, media_type: &'static str) -> Answer {
    let mut answer = Answer::new(200, media_type, &b""[..]);
    answer.body = Body::File(file.file, file.length);
    answer
}

fn part_of(mut file: OpenFile, media_type: &'static str, part: Range<u64>) -> io::Result<Answer> {
    file.file.seek(SeekFrom::Start(part.start))?;
    let range = format!("bytes {}-{}/{}", part.start, part.end - 1, file.length);
    let mut answer = Answer::new(206, media_type, &b""[..]).with_header("Content-Range", range);
    answer.body = Body::File(file.file, part.end - part.start);
    Ok(answer)
}

/// What a `Range` header asks for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    /// It cannot be read, or asks for several parts: it is passed over, as it may be.
    Everything,
    Part(Range<u64>),
    /// The file has nothing of it.
    Nothing,
}

fn asked(range: &str, length: u64) -> Asked {
    let Some((unit, part)) = range.split_once('=') else {
        return Asked::Everything;
    };
    let Some((first, last)) = part.trim().split_once('-') else {
        return Asked::Everything;
    };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Asked::Everything;
    }
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // A number past all bounds is past the end as well.
        digits.then(|| text.parse().unwrap_or(u64::MAX))
    };
    let part = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(length),
        (Some(first), None) if last.is_empty() => first..length,
        (None, Some(last)) if first.is_empty() => length.saturating_sub(last)..length,
        _ => return Asked::Everything,
    };
    if part.is_empty() {
        return Asked::Nothing;
    }
    Asked::Part(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_as_rfc_9110_says() {
        let cases = [
            ("bytes=0-0", Asked::Part(0..1)),
            ("bytes=0-", Asked::Part(0..100)),
            ("bytes=10-19", Asked::Part(10..20)),
            ("Bytes=99-200", Asked::Part(99..100)),
            ("bytes=-10", Asked::Part(90..100)),
            ("bytes=-1000", Asked::Part(0..100)),
            ("bytes=100-", Asked::Nothing),
            ("bytes=-0", Asked::Nothing),
            ("bytes=99999999999999999999999-", Asked::Nothing),
            ("bytes=0-99999999999999999999999", Asked::Part(0..100)),
            ("bytes=20-10", Asked::Everything),
            ("bytes=0-1,5-6", Asked::Everything),
            ("bytes=+1-2", Asked::Everything),
            ("bytes=-", Asked::Everything),
            ("bytes=a-b", Asked::Everything),
            ("lines=0-1", Asked::Everything),
            ("bytes", Asked::Everything),
        ];
        for (range, expected) in cases {
            assert_eq!(asked(range, 100), expected, "{range}");
        }
        assert_eq!(asked("bytes=0-", 0), Asked::Nothing);
        assert_eq!(asked("bytes=-5", 0), Asked::Nothing);
    }

    #[test]
    fn names_are_sorted_as_people_count() {
        let mut names = ["10.jpg", "b2.png", "2.jpg", "B10.png", "a.png", "02b.jpg"];
        names.sort_by_cached_key(|name| sorting_key(name));
        let expected = ["2.jpg", "02b.jpg", "10.jpg", "a.png", "b2.png", "B10.png"];
        assert_eq!(names, expected);
    }

    #[test]
    fn every_ending_has_a_type_that_a_page_shows() {
        for ending in ENDINGS {
            let media_type = content_type(&format!("a.{ending}"));
            let shown = media_type.starts_with("image/") || media_type.starts_with("video/");
            assert!(shown, "{ending}");
        }
        assert!(is_media("A.JPG") && !is_media("jpg") && !is_media("a.html"));
    }
}
