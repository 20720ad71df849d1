//! The fields of a request: of a JSON object, a form, or the query. A field that is not known is
//! an error that names it, so that a mistyped one is not silently without effect.

use std::collections::BTreeMap;
use std::fmt;

use form_urlencoded::parse;
use serde_json::Value;

use crate::presentation::http::problem::Problem;
use crate::presentation::http::request::Request;

/// Fields that have not been taken yet.
#[derive(Debug)]
pub struct Fields {
    left: BTreeMap<String, Value>,
    known: Vec<&'static str>,
    /// What stands before the names of these fields: `priorities[1].`, of an object in a list.
    within: String,
    /// In a form everything is text.
    typed: bool,
}

impl Fields {
    /// The fields of a body; none where there is no body.
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

    /// The fields of a JSON object that has been read.
    pub fn of_object(fields: BTreeMap<String, Value>) -> Self {
        Self::new(fields, true)
    }

    /// The fields of a JSON object.
    pub fn of_json(body: &[u8]) -> Result<Self, Problem> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(object)) => Ok(Self::new(object.into_iter().collect(), true)),
            Ok(_) => Err(Problem::bad_json("it is JSON of another kind")),
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
                return Err(Problem::invalid(&name, "it is there twice"));
            }
        }
        Ok(Self::new(fields, false))
    }

    fn new(left: BTreeMap<String, Value>, typed: bool) -> Self {
        Self {
            left,
            known: Vec::new(),
            within: String::new(),
            typed,
        }
    }

    /// A text; `None` where it is absent, null or blank.
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

    /// A text that may be null (in a form: empty), which says something else than its absence.
    pub fn nullable_text(&mut self, name: &'static str) -> Result<Option<Option<String>>, Problem> {
        if !self.left.contains_key(name) {
            self.known.push(name);
            return Ok(None);
        }
        self.text(name).map(Some)
    }

    /// Yes or no.
    pub fn boolean(&mut self, name: &'static str) -> Result<Option<bool>, Problem> {
        match self.take(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(value)),
            Some(Value::String(word)) if !self.typed && word == "true" => Ok(Some(true)),
            Some(Value::String(word)) if !self.typed && word == "false" => Ok(Some(false)),
            Some(other) => Err(self.wrong(name, "true or false", &other)),
        }
    }

    /// Several texts; in a form or a query with commas between them.
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

    /// A whole number from 0 to `most`.
    pub fn number(&mut self, name: &'static str, most: u64) -> Result<Option<u64>, Problem> {
        self.whole(name, 0, most)
    }

    /// A whole number from 1 to `most`.
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
            Value::String(text) if !self.typed => text.trim().parse().ok(),
            _ => None,
        };
        let number = number.filter(|number| (least..=most).contains(number));
        number.map(Some).ok_or_else(|| {
            let why = format!("{sent} is not a whole number from {least} to {most}");
            self.invalid(name, why)
        })
    }

    /// A whole number from 1 to `most` that may be null (in a form: empty), which says something else
    /// than its absence.
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

    /// Texts by keys: an object; blank ones are left out. A form has none.
    pub fn texts_by_key(
        &mut self,
        name: &'static str,
    ) -> Result<Option<BTreeMap<String, String>>, Problem> {
        match self.take(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(object)) => {
                let mut texts = BTreeMap::new();
                for (key, value) in object {
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

    /// A whole number from `-most` to `most`, of JSON.
    pub fn integer(&mut self, name: &'static str, most: u64) -> Result<Option<i64>, Problem> {
        let sent = match self.take(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(sent) => sent,
        };
        let number = sent.as_i64().filter(|n| n.unsigned_abs() <= most);
        number.map(Some).ok_or_else(|| {
            let why = format!("{sent} is not a whole number from -{most} to {most}");
            self.invalid(name, why)
        })
    }

    /// A text that is not taken yet, to know it before its turn.
    pub fn peek(&self, name: &str) -> Option<&str> {
        self.left.get(name).and_then(Value::as_str)
    }

    /// An object with fields of its own. A form has none.
    pub fn object(&mut self, name: &'static str) -> Result<Option<Self>, Problem> {
        match self.take(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(object)) => Ok(Some(Self {
                within: format!("{}{name}.", self.within),
                ..Self::new(object.into_iter().collect(), true)
            })),
            Some(other) => Err(self.wrong(name, "an object", &other)),
        }
    }

    /// A list of objects, each with fields of its own. A form has none.
    pub fn objects(&mut self, name: &'static str) -> Result<Option<Vec<Self>>, Problem> {
        let sent = match self.take(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Array(sent)) => sent,
            Some(other) => return Err(self.wrong(name, "a list of objects", &other)),
        };
        let objects = sent.into_iter().enumerate().map(|(n, value)| match value {
            Value::Object(object) => Ok(Self {
                within: format!("{}{name}[{n}].", self.within),
                ..Self::new(object.into_iter().collect(), true)
            }),
            other => Err(self.wrong(name, "a list of objects", &other)),
        });
        objects.collect::<Result<_, _>>().map(Some)
    }

    /// Refuses what was not taken.
    pub fn finish(self) -> Result<(), Problem> {
        let Some(unknown) = self.left.keys().next() else {
            return Ok(());
        };
        let known = match self.known.as_slice() {
            [] => "this call takes none".to_owned(),
            names => format!("this call takes {}", names.join(", ")),
        };
        Err(self.invalid(unknown, format!("there is no such field; {known}")))
    }

    /// Why one of these fields cannot be taken, with the whole of its name.
    pub fn invalid(&self, name: &str, why: impl fmt::Display) -> Problem {
        Problem::invalid(&format!("{}{name}", self.within), why)
    }

    fn wrong(&self, name: &str, expected: &str, sent: &Value) -> Problem {
        self.invalid(name, format!("it takes {expected}, not {sent}"))
    }

    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.left.remove(name)
    }
}
