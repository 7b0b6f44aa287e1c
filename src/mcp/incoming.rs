//! What becomes of a line before the protocol library sees it: that one drops what it does not understand, and a client
//! then waits for ever. Each request that is not passed on is answered here, under its own id, in few words.

use rmcp::model::{ClientJsonRpcMessage, ClientRequest, InitializeRequestParams, JsonRpcMessage};
use serde_json::{Map, Value, json};

use super::request_id::{self, LONGEST_ID_BYTES};
use crate::mailbox::{lenient, letter::shorten};

/// What to do with a line.
#[derive(Debug)]
pub enum Incoming {
    /// A request of a method there is with parameters that fit it, a notification, or an answer of the client's.
    Pass(Box<ClientJsonRpcMessage>),
    Answer(Value),
    /// Nothing is asked for.
    Nothing,
}

/// The codes of JSON-RPC.
#[derive(Debug, Clone, Copy)]
enum Wrong {
    Json = -32700,
    Request = -32600,
    Method = -32601,
    Params = -32602,
}

/// The answer to a line that was too long to be kept.
pub fn too_long(id: Option<Value>) -> Value {
    error(id, Wrong::Request, "the message is too long")
}

/// Judges one line.
pub fn of(line: &[u8]) -> Incoming {
    if line.trim_ascii().is_empty() {
        return Incoming::Nothing;
    }
    let fields = match lenient::from_slice(line) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) => return Incoming::Answer(error(None, Wrong::Request, "a message is one JSON object")),
        Err(why) => {
            let why = format!("the message is not JSON: {}", shorten(&why.to_string(), 200));
            return Incoming::Answer(error(request_id::find(line), Wrong::Json, &why));
        }
    };
    let id = match fields.get("id") {
        None => return without_id(fields),
        Some(Value::Number(id)) if id.is_i64() || id.is_u64() => Value::from(id.clone()),
        Some(Value::String(id)) if id.len() <= LONGEST_ID_BYTES => Value::from(id.as_str()),
        Some(_) => return Incoming::Answer(error(None, Wrong::Request, "an id is a whole number or a short text")),
    };
    let Some(method) = fields.get("method") else {
        let is_response = fields.contains_key("result") || fields.contains_key("error");
        return if is_response {
            response(fields)
        } else {
            Incoming::Answer(error(Some(id), Wrong::Request, "a request names its method"))
        };
    };
    match request(method, &fields) {
        Ok(message) => Incoming::Pass(Box::new(message)),
        Err((wrong, why)) => Incoming::Answer(error(Some(id), wrong, &why)),
    }
}

/// What the client answers is passed on; there is nobody to tell what cannot be understood of it.
fn response(fields: Map<String, Value>) -> Incoming {
    let message = serde_json::from_value::<ClientJsonRpcMessage>(Value::Object(fields)).ok();
    let known = message.filter(|message| matches!(message, JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_)));
    known.map_or(Incoming::Nothing, |message| Incoming::Pass(Box::new(message)))
}

/// A notification that the protocol knows is passed on; of others there is nobody to tell.
fn without_id(fields: Map<String, Value>) -> Incoming {
    let message = serde_json::from_value::<ClientJsonRpcMessage>(Value::Object(fields)).ok();
    let known = message.filter(|message| matches!(message, JsonRpcMessage::Notification(_)));
    known.map_or(Incoming::Nothing, |message| Incoming::Pass(Box::new(message)))
}

fn request(method: &Value, fields: &Map<String, Value>) -> Result<ClientJsonRpcMessage, (Wrong, String)> {
    let method = method.as_str().ok_or((Wrong::Request, "a method is a text".to_owned()))?;
    if fields.get("jsonrpc").is_none_or(|version| version != "2.0") {
        return Err((Wrong::Request, "the message is not of JSON-RPC 2.0".to_owned()));
    }
    let params = fields.get("params").filter(|params| !params.is_null());
    if params.is_some_and(|params| !params.is_object()) {
        return Err((Wrong::Params, format!("{method} takes an object of parameters")));
    }
    let mut fields = fields.clone();
    match method {
        "ping" | "tools/list" => {
            if params.is_none() {
                fields.remove("params");
            }
        }
        "tools/call" => {
            let call = params.and_then(Value::as_object).ok_or((Wrong::Params, "which tool?".to_owned()))?;
            if !call.get("name").is_some_and(Value::is_string) {
                return Err((Wrong::Params, "the name of a tool is a text".to_owned()));
            }
            match call.get("arguments") {
                Some(Value::Null) => {
                    fields.get_mut("params").and_then(Value::as_object_mut).and_then(|call| call.remove("arguments"));
                }
                Some(Value::Object(_)) | None => {}
                Some(_) => return Err((Wrong::Params, "the arguments of a tool are an object".to_owned())),
            }
        }
        "initialize" => {
            let params = params.cloned().unwrap_or_default();
            serde_json::from_value::<InitializeRequestParams>(params)
                .map_err(|why| (Wrong::Params, shorten(&why.to_string(), 200)))?;
        }
        // Clients register a channel only with servers that do not know `server/discover`.
        unknown => return Err((Wrong::Method, format!("there is no method `{}`", shorten(unknown, 100)))),
    }
    match serde_json::from_value::<ClientJsonRpcMessage>(Value::Object(fields)) {
        Ok(JsonRpcMessage::Request(request)) if !matches!(request.request, ClientRequest::CustomRequest(_)) => {
            Ok(JsonRpcMessage::Request(request))
        }
        Ok(_) => Err((Wrong::Params, format!("these are no parameters of {method}"))),
        Err(why) => Err((Wrong::Params, shorten(&why.to_string(), 200))),
    }
}

fn error(id: Option<Value>, wrong: Wrong, why: &str) -> Value {
    let mut answer = json!({ "jsonrpc": "2.0", "id": null, "error": { "code": wrong as i32, "message": why } });
    answer["id"] = id.into();
    answer
}
