//! How things are shown: as lines for people, as JSON for programs and models. One place, so that a verb, a tool and a
//! slash command say the same.

pub mod json;
pub mod markdown;
pub mod standing;
pub mod text;
pub mod transcript;
