//! The appearance of the screens: its fields of `/api/settings`, and the logo.

use data_encoding::BASE64;
use percent_encoding::percent_decode_str;

use super::fields::Fields;
use super::texts;
use crate::domain::AppearanceChange;
use crate::presentation::http::address::is_origin;
use crate::presentation::http::answer::Answer;
use crate::presentation::http::problem::Problem;
use crate::presentation::route::{Context, Handled};

/// Limit of the message, in characters: one line of the public screen.
const LONGEST_MESSAGE: usize = 200;

/// Limit of the logo, in bytes of its `data:` URL: every screen loads it.
const LONGEST_LOGO_BYTES: usize = 40 * 1024;

/// Media types of a logo.
const LOGO_TYPES: [&str; 4] = ["image/png", "image/jpeg", "image/svg+xml", "image/webp"];

/// Largest number of sites that may embed a screen.
const MOST_FRAME_ANCESTORS: usize = 8;

/// Least contrast on public screens: WCAG 2.2, success criterion 1.4.6 (enhanced).
const LEAST_CONTRAST: f64 = 7.0;

/// Reads the changed appearance.
pub fn changed(fields: &mut Fields) -> Result<AppearanceChange, Problem> {
    let languages = fields.texts("languages")?;
    let message = texts::optional(fields, "message", LONGEST_MESSAGE)?;
    let accent = fields.nullable_text("accent")?;
    let logo = fields.nullable_text("logo")?;
    let print_tickets = fields.boolean("printTickets")?;
    let frame_ancestors = fields.texts("frameAncestors")?;
    for asked in languages.iter().flatten() {
        texts::check_language(asked).map_err(|why| Problem::invalid("languages", why))?;
    }
    if let Some(Some(accent)) = &accent {
        check_accent(accent)?;
    }
    if let Some(Some(logo)) = &logo {
        image(logo).map_err(|why| Problem::invalid("logo", why))?;
    }
    for origin in frame_ancestors.iter().flatten() {
        check_origin(origin)?;
    }
    if frame_ancestors
        .as_ref()
        .is_some_and(|list| list.len() > MOST_FRAME_ANCESTORS)
    {
        let why = format!("at most {MOST_FRAME_ANCESTORS} sites");
        return Err(Problem::invalid("frameAncestors", why));
    }
    Ok(AppearanceChange {
        languages: languages.map(texts::without_duplicates),
        message,
        accent: accent.map(|accent| accent.map(|accent| accent.to_ascii_lowercase())),
        logo,
        print_tickets,
        frame_ancestors: frame_ancestors.map(texts::without_duplicates),
    })
}

/// Refuses a colour on which neither black nor white text is readable from a distance.
fn check_accent(accent: &str) -> Result<(), Problem> {
    let wrong = |why: String| Problem::invalid("accent", why);
    // `from_str_radix` also accepts a leading `+`.
    let is_plain =
        |digits: &&str| digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let digits = accent.strip_prefix('#').filter(is_plain);
    let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let Some(number) = number else {
        return Err(wrong(format!(
            "«{accent}» is not a colour; write one like #0b5348"
        )));
    };
    let luminance = luminance(number);
    let (white, black) = (1.05 / (luminance + 0.05), (luminance + 0.05) / 0.05);
    if white.max(black) < LEAST_CONTRAST {
        return Err(wrong(format!(
            "{accent} has a contrast of {white:.1} to 1 with white and of {black:.1} to 1 with \
             black; a screen that is read from a distance needs {LEAST_CONTRAST} to 1, so choose a \
             darker or a lighter one"
        )));
    }
    Ok(())
}

/// The relative luminance of a colour, 0 for black and 1 for white (WCAG 2.2, «relative luminance»).
fn luminance(rgb: u32) -> f64 {
    let linear = |shift: u32| {
        let part = f64::from((rgb >> shift) & 0xff) / 255.0;
        if part <= 0.04045 {
            part / 12.92
        } else {
            ((part + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * linear(16) + 0.7152 * linear(8) + 0.0722 * linear(0)
}

/// Refuses every text that is not a plain origin for `frame-ancestors`.
fn check_origin(origin: &str) -> Result<(), Problem> {
    if is_origin(origin) {
        return Ok(());
    }
    let why =
        format!("«{origin:.80}» is not an address like https://intranet.example, without a path");
    Err(Problem::invalid("frameAncestors", why))
}

/// The media type and the bytes of a logo's `data:` URL (RFC 2397), or the reason why it is invalid.
fn image(logo: &str) -> Result<(&'static str, Vec<u8>), String> {
    if logo.len() > LONGEST_LOGO_BYTES {
        let most = LONGEST_LOGO_BYTES / 1024;
        return Err(format!(
            "every screen loads it, so it may have at most {most} KiB"
        ));
    }
    let known = LOGO_TYPES.join(", ");
    let wrong = || format!("it must be a data: URL of one of {known}");
    let (about, data) = logo
        .strip_prefix("data:")
        .and_then(|rest| rest.split_once(','))
        .ok_or_else(wrong)?;
    let (media_type, is_base64) = match about.strip_suffix(";base64") {
        Some(media_type) => (media_type, true),
        None => (about, false),
    };
    let media_type = media_type.split(';').next().unwrap_or_default();
    let known_type = LOGO_TYPES.into_iter().find(|known| *known == media_type);
    let bytes = if is_base64 {
        BASE64.decode(data.as_bytes()).ok()
    } else {
        Some(percent_decode_str(data).collect())
    };
    known_type.zip(bytes).ok_or_else(wrong)
}

/// `GET /logo`: 404 if the office has none.
pub fn logo(context: &Context<'_>) -> Handled {
    let logo = context.office.tickets.read_queue(|queue| {
        let appearance = &queue.settings().appearance;
        appearance.logo.clone()
    });
    let image = logo.and_then(|logo| image(&logo).ok());
    let (media_type, bytes) = image.ok_or_else(|| Problem::not_found("The office has no logo."))?;
    // An SVG can hold scripts, which must not run if the logo is opened by itself.
    Ok(Answer::new(200, media_type, bytes)
        .with_header("Content-Security-Policy", "default-src 'none'; sandbox")
        .with_header("Cache-Control", "max-age=31536000, immutable"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::presentation::http::error_code::ErrorCode;

    #[test]
    fn a_colour_is_accepted_if_text_on_it_is_readable() {
        for good in ["#0b5348", "#FFFFFF", "#000000", "#ffd400", "#1d3a8a"] {
            assert_eq!(check_accent(good), Ok(()), "{good}");
        }
        for bad in ["#808080", "#e0231c", "red", "#fff", "0b5348", "#0b53zz", ""] {
            let problem = check_accent(bad).expect_err(bad);
            assert_eq!(problem.code, ErrorCode::Invalid, "{bad}");
            assert!(problem.detail.starts_with("accent: "), "{}", problem.detail);
        }
    }

    #[test]
    fn a_logo_is_a_data_url_of_an_image() {
        let gives = |logo: &str| image(logo).map(|(kind, bytes)| (kind, bytes.len()));
        assert_eq!(gives("data:image/png;base64,AAAA"), Ok(("image/png", 3)));
        assert_eq!(
            gives("data:image/svg+xml,%3Csvg/%3E"),
            Ok(("image/svg+xml", 6))
        );
        let svg = "data:image/svg+xml;charset=utf-8,%3Csvg/%3E";
        assert_eq!(gives(svg), Ok(("image/svg+xml", 6)));
        let long = format!("data:image/png;base64,{}", "A".repeat(LONGEST_LOGO_BYTES));
        for bad in [
            "https://a/b.png",
            "data:text/html,x",
            "data:image/png;base64,*",
            &long,
        ] {
            assert!(gives(bad).is_err(), "{bad:.40}");
        }
    }

    #[test]
    fn only_plain_origins_may_embed() {
        for good in [
            "https://intranet.example",
            "http://10.0.0.1:8080",
            "http://[fd00::1]:80",
        ] {
            assert_eq!(check_origin(good), Ok(()), "{good}");
        }
        for bad in [
            "*",
            "https://a/b",
            "https://a; script-src *",
            "intranet",
            "file://a",
            "https://[",
            "https://[]",
            "https://a]",
            "https://a:",
            "https://a:b",
            "https://:80",
            &format!("https://{}", "a".repeat(200)),
        ] {
            assert!(check_origin(bad).is_err(), "{bad}");
        }
    }
}
