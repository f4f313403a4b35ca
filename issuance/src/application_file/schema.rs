//! The JSON Schema of a declaration file, made of the table of the format.

use serde_json::{Map, Value, json};

use super::form::{Field, Form, Record};
use super::table::FILE;

/// The JSON Schema (draft 2020-12) of a declaration file, for editors. It states forms; names, conditions and files are
/// checked by [`super::ApplicationFile`] alone.
#[must_use]
pub fn schema() -> String {
    let mut definitions = Map::new();
    let whole = record(&FILE, &mut definitions);
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "*.ap.toml",
        "$defs": definitions,
    });
    if let (Some(schema), Value::Object(whole)) = (schema.as_object_mut(), whole) {
        schema.extend(whole);
    }
    format!("{schema:#}\n")
}

/// The schema of a table with fixed keys.
fn record(record: &Record, definitions: &mut Map<String, Value>) -> Value {
    let properties: Map<String, Value> = record
        .fields
        .iter()
        .map(|field| (field.key.to_owned(), property(field, definitions)))
        .collect();
    let required: Vec<&str> = record
        .fields
        .iter()
        .filter(|field| field.required)
        .map(|field| field.key)
        .collect();
    let mut schema = json!({
        "type": "object",
        "description": record.about.en,
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    if !record.one_of.is_empty() {
        let one = |key: &&str| json!({ "required": [key] });
        schema["oneOf"] = record.one_of.iter().map(one).collect();
    }
    schema
}

fn property(field: &Field, definitions: &mut Map<String, Value>) -> Value {
    let mut schema = form(field.form, definitions);
    schema["description"] = json!(field.about.en);
    schema
}

/// The schema of a form. A record and a named form are definitions, because they can be in themselves.
fn form(form: &Form, definitions: &mut Map<String, Value>) -> Value {
    match form {
        Form::Text(shape) if shape.pattern.is_empty() => json!({ "type": "string" }),
        Form::Text(shape) => json!({ "type": "string", "pattern": shape.pattern }),
        Form::Word(words) => json!({ "enum": words }),
        Form::True => json!({ "const": true }),
        Form::Flag => json!({ "type": "boolean" }),
        Form::Whole(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Form::Range(least, most) => json!({
            "type": "array",
            "items": { "type": "integer", "minimum": least, "maximum": most },
            "minItems": 2,
            "maxItems": 2,
        }),
        Form::List(items, least, most) => json!({
            "type": "array",
            "items": self::form(items, definitions),
            "minItems": least,
            "maxItems": most,
        }),
        Form::Table(record) => {
            let name = record.name;
            define(name, definitions, |definitions| self::record(record, definitions))
        }
        Form::Map(keys, values) => json!({
            "type": "object",
            "propertyNames": { "pattern": keys.pattern },
            "additionalProperties": self::form(values, definitions),
            "minProperties": 1,
        }),
        Form::Either(forms) => {
            let any: Vec<Value> = forms.iter().map(|one| self::form(one, definitions)).collect();
            json!({ "anyOf": any })
        }
        Form::Named(name, inner) => define(name, definitions, |definitions| self::form(inner.plain(), definitions)),
    }
}

/// A reference to the definition of this name, which is made if it is not there.
fn define(
    name: &str,
    definitions: &mut Map<String, Value>,
    make: impl FnOnce(&mut Map<String, Value>) -> Value,
) -> Value {
    if !definitions.contains_key(name) {
        // A place for it first, because it may be in itself.
        definitions.insert(name.to_owned(), Value::Null);
        let made = make(definitions);
        definitions.insert(name.to_owned(), made);
    }
    json!({ "$ref": format!("#/$defs/{name}") })
}
