//! Checks on the texts of settings: their length, their characters and their languages.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::fields::Fields;
use crate::domain::{self, is_deceptive};
use crate::presentation::http::problem::Problem;

/// The codes of the languages of the screens, from the list that the pages read too.
static LANGUAGES: LazyLock<Vec<String>> = LazyLock::new(|| {
    #[derive(Deserialize)]
    struct Language {
        code: String,
    }
    let list = include_str!("../../../html/lang/languages.js");
    let array = list.find("[\n").zip(list.rfind(']'));
    let languages: Vec<Language> = array
        .and_then(|(start, end)| serde_json::from_str(&list[start..=end]).ok())
        .expect("a test reads the list of languages");
    languages
        .into_iter()
        .map(|language| language.code)
        .collect()
});

/// Limit of a name that is stored already, in characters.
const LONGEST_STORED_NAME: usize = 80;

/// Reads the field `name`, which cannot be empty; `None` if it is absent.
pub fn name(fields: &mut Fields) -> Result<Option<String>, Problem> {
    match fields.nullable_text("name")? {
        None => Ok(None),
        Some(None) => Err(fields.invalid("name", "it cannot be empty")),
        Some(Some(name)) => {
            let name = checked_name(fields, name).map_err(|why| fields.invalid("name", why))?;
            Ok(Some(name))
        }
    }
}

fn checked_name(fields: &Fields, name: String) -> Result<String, String> {
    if fields.is_stored_name(&name) {
        check(&name, LONGEST_STORED_NAME)?;
        return Ok(name);
    }
    domain::parse_name(&name).map(Cow::into_owned)
}

/// Reads a text that may be null, of at most `most` characters; `None` if it is absent.
pub fn optional(
    fields: &mut Fields,
    name: &'static str,
    most: usize,
) -> Result<Option<Option<String>>, Problem> {
    let text = fields.nullable_text(name)?;
    if let Some(Some(text)) = &text {
        check(text, most).map_err(|why| fields.invalid(name, why))?;
    }
    Ok(text)
}

/// Reads a text of at most `most` characters for each language of the screens.
pub fn by_language(
    fields: &mut Fields,
    name: &'static str,
    most: usize,
) -> Result<Option<BTreeMap<String, String>>, Problem> {
    let texts = fields.texts_by_key(name, check_language)?;
    for (language, text) in texts.iter().flatten() {
        let field = format!("{name}.{language}");
        check(text, most).map_err(|why| fields.invalid(&field, why))?;
    }
    Ok(texts)
}

/// Reads the field `names`: a name for each language of the screens.
pub fn names(fields: &mut Fields) -> Result<Option<BTreeMap<String, String>>, Problem> {
    names_by_language(fields, "names", LONGEST_STORED_NAME)
}

/// Reads a name of at most `most` characters for each language of the screens.
pub fn names_by_language(
    fields: &mut Fields,
    name: &'static str,
    most: usize,
) -> Result<Option<BTreeMap<String, String>>, Problem> {
    let Some(names) = fields.texts_by_key(name, check_language)? else {
        return Ok(None);
    };
    let checked = names.into_iter().map(|(language, text)| {
        let text = checked_name(fields, text).and_then(|text| {
            check(&text, most)?;
            Ok(text)
        });
        match text {
            Ok(text) => Ok((language, text)),
            Err(why) => Err(fields.invalid(&format!("{name}.{language}"), why)),
        }
    });
    checked.collect::<Result<_, _>>().map(Some)
}

fn check(text: &str, most: usize) -> Result<(), String> {
    let length = text.chars().count();
    if length > most {
        return Err(format!(
            "it has {length} characters; at most {most} are allowed"
        ));
    }
    if text.chars().any(|c| c.is_control() || is_deceptive(c)) {
        return Err("it must be one line of visible characters".to_owned());
    }
    Ok(())
}

/// Refuses a language that the screens do not have. `Err` lists those they have.
pub fn check_language(asked: &str) -> Result<(), String> {
    if LANGUAGES.iter().any(|code| code == asked) {
        return Ok(());
    }
    let known = LANGUAGES.join(", ");
    Err(format!("«{asked}» is not available; choose one of {known}"))
}

/// The list without later duplicates; the order stays.
pub fn without_duplicates<T: PartialEq>(list: Vec<T>) -> Vec<T> {
    let mut unique: Vec<T> = Vec::with_capacity(list.len());
    for item in list {
        if !unique.contains(&item) {
            unique.push(item);
        }
    }
    unique
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::presentation::pages;

    #[test]
    fn every_listed_language_has_its_texts() {
        assert!(LANGUAGES.contains(&"es".to_owned()), "{LANGUAGES:?}");
        for code in LANGUAGES.iter() {
            assert_eq!(check_language(code), Ok(()));
            assert!(pages::texts_of(code).is_some(), "{code}");
        }
        assert!(check_language("xx").is_err());
    }
}
