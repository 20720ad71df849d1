//! The fields of a request, from a JSON object, a form or the query.
//!
//! An unknown field is an error that names it, so that a mistyped field is never silently ignored.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use form_urlencoded::parse;
use serde::Serialize;
use serde_json::Value;

use crate::digits;
use crate::presentation::http::problem::Problem;
use crate::presentation::http::request::Request;

/// Fields that were not read yet.
#[derive(Debug)]
pub struct Fields {
    left: BTreeMap<String, Value>,
    known: Vec<&'static str>,
    /// Path of these fields within the request, such as `priorities[1].`.
    path: String,
    /// Whether values have types: they do in JSON, and are all text in a form.
    typed: bool,
    /// Names that are stored already. They may stay, even if a new one like them is refused.
    stored_names: Arc<[String]>,
}

impl Fields {
    /// The fields of the body; none without a body.
    pub fn of_body(request: &Request) -> Result<Self, Problem> {
        if request.body.is_empty() {
            return Ok(Self::new(BTreeMap::new(), true));
        }
        let sent = request.header("Content-Type").unwrap_or("application/json");
        let media_type = sent.split(';').next().unwrap_or_default().trim();
        match media_type.to_ascii_lowercase().as_str() {
            "application/json" => Self::of_json(&request.body),
            "application/x-www-form-urlencoded" => Self::of_form(&request.body),
            _ => Err(Problem::unsupported_media_type(sent)),
        }
    }

    /// The fields of the query.
    pub fn of_query(request: &Request) -> Result<Self, Problem> {
        Self::of_form(request.query.as_bytes())
    }

    /// The fields of a struct, as it is written in JSON.
    pub fn of_value(value: &impl Serialize) -> Self {
        let fields = match serde_json::to_value(value) {
            Ok(Value::Object(object)) => object.into_iter().collect(),
            _ => BTreeMap::new(),
        };
        Self::new(fields, true)
    }

    /// The fields of a JSON object.
    pub fn of_json(body: &[u8]) -> Result<Self, Problem> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(object)) => Ok(Self::new(object.into_iter().collect(), true)),
            Ok(_) => Err(Problem::bad_json("the body is not a JSON object")),
            Err(error) => Err(Problem::bad_json(error)),
        }
    }

    fn of_form(body: &[u8]) -> Result<Self, Problem> {
        if body.first() == Some(&b'{') {
            return Err(Problem::invalid(
                "Content-Type",
                "the body looks like JSON but was sent as a form; \
                 send the header Content-Type: application/json with it",
            ));
        }
        let mut fields = BTreeMap::new();
        for (name, value) in parse(body) {
            let value = Value::String(value.into_owned());
            if fields.insert(name.clone().into_owned(), value).is_some() {
                return Err(Problem::invalid(&name, "appears twice"));
            }
        }
        Ok(Self::new(fields, false))
    }

    fn new(left: BTreeMap<String, Value>, typed: bool) -> Self {
        Self {
            left,
            known: Vec::new(),
            path: String::new(),
            typed,
            stored_names: Arc::default(),
        }
    }

    /// The same fields, which may repeat these stored names.
    pub fn with_stored_names(self, names: Vec<String>) -> Self {
        let stored_names = names.into();
        Self {
            stored_names,
            ..self
        }
    }

    /// Whether a name is stored already.
    pub fn is_stored_name(&self, name: &str) -> bool {
        self.stored_names.iter().any(|stored| stored == name)
    }

    /// Reads a text; `None` if it is absent, null or blank.
    pub fn text(&mut self, name: &'static str) -> Result<Option<String>, Problem> {
        match self.take(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => {
                let text = text.trim();
                Ok((!text.is_empty()).then(|| text.to_owned()))
            }
            Some(other) => Err(self.wrong(name, "a text", &other)),
        }
    }

    /// Reads a text that may be null (empty in a form); null differs from absent.
    pub fn nullable_text(&mut self, name: &'static str) -> Result<Option<Option<String>>, Problem> {
        if !self.left.contains_key(name) {
            self.known.push(name);
            return Ok(None);
        }
        self.text(name).map(Some)
    }

    /// Reads true or false.
    pub fn boolean(&mut self, name: &'static str) -> Result<Option<bool>, Problem> {
        match self.take(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(value)),
            Some(Value::String(word)) if !self.typed && word == "true" => Ok(Some(true)),
            Some(Value::String(word)) if !self.typed && word == "false" => Ok(Some(false)),
            Some(other) => Err(self.wrong(name, "true or false", &other)),
        }
    }

    /// Reads a list of texts; separated by commas in a form or query.
    pub fn texts(&mut self, name: &'static str) -> Result<Option<Vec<String>>, Problem> {
        match self.take(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(list)) if !self.typed => {
                let texts = list.split(',').map(str::trim);
                let texts = texts.filter(|text| !text.is_empty()).map(str::to_owned);
                Ok(Some(texts.collect()))
            }
            Some(Value::Array(values)) => {
                let texts = values.into_iter().map(|value| match value {
                    Value::String(text) => Ok(text),
                    other => Err(self.wrong(name, "a list of texts", &other)),
                });
                texts.collect::<Result<_, _>>().map(Some)
            }
            Some(other) => Err(self.wrong(name, "a list of texts", &other)),
        }
    }

    /// Reads a whole number from 0 to `most`.
    pub fn number(&mut self, name: &'static str, most: u64) -> Result<Option<u64>, Problem> {
        self.whole(name, 0, most)
    }

    /// Reads a whole number from 1 to `most`.
    pub fn count(&mut self, name: &'static str, most: u64) -> Result<Option<u64>, Problem> {
        self.whole(name, 1, most)
    }

    fn whole(&mut self, name: &'static str, least: u64, most: u64) -> Result<Option<u64>, Problem> {
        let sent = match self.take(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(sent) => sent,
        };
        let number = match &sent {
            Value::Number(number) => number.as_u64(),
            Value::String(text) if !self.typed => digits::parse(text.trim()),
            _ => None,
        };
        let number = number.filter(|number| (least..=most).contains(number));
        number.map(Some).ok_or_else(|| {
            let why = format!("{sent} is not a whole number from {least} to {most}");
            self.invalid(name, why)
        })
    }

    /// Reads a whole number from 1 to `most` that may be null (empty in a form); null differs from absent.
    pub fn nullable_count(
        &mut self,
        name: &'static str,
        most: u64,
    ) -> Result<Option<Option<u64>>, Problem> {
        let empty = matches!(self.left.get(name), Some(Value::String(text)) if text.is_empty());
        if !self.left.contains_key(name) {
            self.known.push(name);
            return Ok(None);
        }
        if empty && !self.typed {
            self.take(name);
            return Ok(Some(None));
        }
        self.count(name, most).map(Some)
    }

    /// Reads an object of texts without the blank ones; JSON only. `check_key` says why a key is refused.
    pub fn texts_by_key(
        &mut self,
        name: &'static str,
        check_key: impl Fn(&str) -> Result<(), String>,
    ) -> Result<Option<BTreeMap<String, String>>, Problem> {
        match self.take(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(object)) => {
                let mut texts = BTreeMap::new();
                for (key, value) in object {
                    check_key(&key).map_err(|why| self.invalid(&format!("{name}.{key}"), why))?;
                    match value {
                        Value::String(text) if text.trim().is_empty() => {}
                        Value::String(text) => {
                            texts.insert(key, text.trim().to_owned());
                        }
                        other => {
                            let place = format!("{name}.{key}");
                            return Err(self.wrong(&place, "a text", &other));
                        }
                    }
                }
                Ok(Some(texts))
            }
            Some(other) => Err(self.wrong(name, "texts by language", &other)),
        }
    }

    /// Reads a nested object that may be null; JSON only.
    pub fn object(&mut self, name: &'static str) -> Result<Option<Option<Self>>, Problem> {
        if !self.left.contains_key(name) {
            self.known.push(name);
            return Ok(None);
        }
        match self.take(name) {
            None | Some(Value::Null) => Ok(Some(None)),
            Some(Value::Object(object)) => Ok(Some(Some(Self {
                path: format!("{}{name}.", self.path),
                stored_names: self.stored_names.clone(),
                ..Self::new(object.into_iter().collect(), true)
            }))),
            Some(other) => Err(self.wrong(name, "an object", &other)),
        }
    }

    /// Reads a list of nested objects; JSON only.
    pub fn objects(&mut self, name: &'static str) -> Result<Option<Vec<Self>>, Problem> {
        let sent = match self.take(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Array(sent)) => sent,
            Some(other) => return Err(self.wrong(name, "a list of objects", &other)),
        };
        let objects = sent.into_iter().enumerate().map(|(n, value)| match value {
            Value::Object(object) => Ok(Self {
                path: format!("{}{name}[{n}].", self.path),
                stored_names: self.stored_names.clone(),
                ..Self::new(object.into_iter().collect(), true)
            }),
            other => Err(self.wrong(name, "a list of objects", &other)),
        });
        objects.collect::<Result<_, _>>().map(Some)
    }

    /// Refuses a field that was not read.
    pub fn finish(self) -> Result<(), Problem> {
        let Some(unknown) = self.left.keys().next() else {
            return Ok(());
        };
        let known = match self.known.as_slice() {
            [] => "this call has no fields".to_owned(),
            names => format!("this call has the fields {}", names.join(", ")),
        };
        Err(self.invalid(unknown, format!("unknown field; {known}")))
    }

    /// The problem of one of these fields, with its full path.
    pub fn invalid(&self, name: &str, why: impl fmt::Display) -> Problem {
        Problem::invalid(&format!("{}{name}", self.path), why)
    }

    fn wrong(&self, name: &str, expected: &str, sent: &Value) -> Problem {
        self.invalid(name, format!("expected {expected}, not {sent}"))
    }

    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.left.remove(name)
    }
}
