//! What a tool is called with. A name that is not known is an error that says which one is meant: an argument that is
//! dropped silently changes what a letter says.

use rmcp::{
    ErrorData,
    model::{CallToolRequestParams, JsonObject},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::tools::Name;
use crate::{mailbox::letter::shorten, text::sanitize::neutralise};

#[derive(Deserialize)]
pub struct Send {
    pub to: String,
    pub text: String,
    pub reply_to: Option<String>,
    pub priority: Option<Urgency>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Urgency {
    Low,
    Normal,
    High,
}

#[derive(Deserialize)]
pub struct Ask {
    pub to: String,
    pub text: String,
    pub within: Option<String>,
}

#[derive(Deserialize)]
pub struct Inbox {
    pub id: Option<String>,
    pub all: Option<bool>,
    pub limit: Option<std::num::NonZeroUsize>,
    pub before: Option<String>,
}

#[derive(Deserialize)]
pub struct Agents {
    pub all: Option<bool>,
}

#[derive(Deserialize)]
pub struct NotifyWhen {
    pub agent: String,
    pub state: String,
}

#[derive(Deserialize)]
pub struct Status {
    pub id: String,
}

#[derive(Deserialize)]
pub struct Rename {
    pub name: Option<String>,
    pub doing: Option<String>,
}

/// Which tool is called.
///
/// # Errors
/// With what there is instead.
pub fn tool(call: &CallToolRequestParams) -> Result<Name, ErrorData> {
    let known = Name::ALL.map(Name::as_str);
    Name::from_text(&call.name).ok_or_else(|| wrong(&unknown("there is no tool", &call.name, &known)))
}

/// Reads the arguments of a tool.
///
/// # Errors
/// What is unknown, missing, given twice or of the wrong kind.
pub fn read<T: DeserializeOwned>(tool: Name, given: Option<JsonObject>) -> Result<T, ErrorData> {
    let schema = tool.takes();
    let names = |part: &Value| -> Vec<String> {
        match part {
            Value::Object(fields) => fields.keys().cloned().collect(),
            Value::Array(names) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    };
    let known = names(&schema["properties"]);
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let mut arguments = JsonObject::new();
    for (name, value) in given.unwrap_or_default() {
        let spelt = snake_case(&name);
        if !known.contains(&spelt.as_str()) {
            let what = format!("{} has no argument", tool.as_str());
            return Err(wrong(&unknown(&what, &name, &known)));
        }
        if arguments.get(&spelt).is_some_and(|other| *other != value) {
            return Err(wrong(&format!("`{spelt}` is given twice, and not the same")));
        }
        arguments.insert(spelt, value);
    }
    if let Some(missing) = names(&schema["required"]).iter().find(|name| !arguments.contains_key(*name)) {
        return Err(wrong(&format!("{} needs `{missing}`", tool.as_str())));
    }
    // One by one, so that the complaint names the argument.
    for (name, value) in &arguments {
        let kind = schema["properties"][name]["type"].as_str().unwrap_or_default();
        let fits = match value {
            Value::Null => !names(&schema["required"]).contains(name),
            Value::String(_) => kind == "string",
            Value::Bool(_) => kind == "boolean",
            Value::Number(number) => kind == "integer" && number.as_u64().is_some_and(|number| number > 0),
            Value::Array(_) | Value::Object(_) => false,
        };
        if !fits {
            let kind = if kind == "integer" { "whole number from 1 on" } else { kind };
            return Err(wrong(&format!("`{name}` is a {kind}")));
        }
    }
    serde_json::from_value(Value::Object(arguments)).map_err(|error| wrong(&error.to_string()))
}

/// Results and other tools spell it `replyTo`.
fn snake_case(name: &str) -> String {
    let mut spelt = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            spelt.push('_');
        }
        spelt.push(c.to_ascii_lowercase());
    }
    spelt
}

fn unknown(what: &str, name: &str, known: &[&str]) -> String {
    let plain = |name: &str| name.to_lowercase().replace(['_', '-', ' '], "");
    // What is much longer than any name is near to none, and would be long to compare.
    let near = known.iter().map(|known| (strsim::jaro_winkler(&plain(known), &plain(&shorten(name, 40))), known));
    let nearest = near.max_by(|(a, _), (b, _)| a.total_cmp(b)).filter(|(likeness, _)| *likeness > 0.75);
    let name = shorten(name, 40);
    match nearest {
        Some((_, nearest)) => format!("{what} `{name}`; did you mean `{nearest}`?"),
        None => format!("{what} `{name}`; there are: {}", known.join(", ")),
    }
}

fn wrong(why: &str) -> ErrorData {
    ErrorData::invalid_params(neutralise(&shorten(why, 400)), None)
}
