//! The host's conversation with a browser: requests in, answers out, until the input ends or mode 05.

use std::io::{self, Read, Write};

use serde_json::Value;
use vmyna_apdu::text;

use super::frame::{self, FrameError};
use super::request::{self, Request};
use super::{Uuid, answer};
use crate::client::{CardClient, ClientError};

/// Why a conversation ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConversationError {
    /// The input is no sequence of messages. A failure was answered.
    #[error("{0}")]
    Frame(#[from] FrameError),
    /// The answer can't be written.
    #[error("the answer can't be written: {0}")]
    Output(#[source] io::Error),
}

/// Answers the requests of `input` on `output`. `open` opens the card anew for each request, so that other programs can use
/// it in between.
///
/// # Errors
/// [`ConversationError`]. A request that fails is answered, and is no error.
pub fn converse(
    input: &mut impl Read,
    output: &mut impl Write,
    uuid: &Uuid,
    open: &mut dyn FnMut() -> Result<CardClient, ClientError>,
) -> Result<(), ConversationError> {
    let mut send =
        |answer: &Value| frame::write(output, answer.to_string().as_bytes()).map_err(ConversationError::Output);
    loop {
        let message = match frame::read(input) {
            Ok(Some(message)) => message,
            Ok(None) => return Ok(()),
            Err(error) => {
                let text = text!("The message can't be read.", "メッセージを読み取れません。");
                send(&answer::failure(None, text))?;
                return Err(error.into());
            }
        };
        let (mode, request) = request::parse(&message);
        // The PIN in it is needed no longer than this.
        drop(message);
        let answer = match request {
            Ok(Request::Close) => return Ok(()),
            Ok(request) => {
                serve(&request, uuid, open).unwrap_or_else(|error| answer::failure(mode.as_deref(), error.text()))
            }
            Err(error) => answer::failure(mode.as_deref(), error.text()),
        };
        send(&answer)?;
    }
}

fn serve(
    request: &Request,
    uuid: &Uuid,
    open: &mut dyn FnMut() -> Result<CardClient, ClientError>,
) -> Result<Value, ClientError> {
    let mut card = open()?;
    match request {
        Request::LogIn { digest, pin } => answer::log_in(&mut card, uuid, digest, pin),
        Request::Sign { digests, pin } => answer::sign(&mut card, uuid, digests, pin),
        Request::InputAssist { pin } => answer::input_assist(&mut card, uuid, pin),
        // It ends the conversation before this.
        Request::Close => Ok(Value::Null),
    }
}
